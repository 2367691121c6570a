"""What a run has spent counts once, whatever it asks for now."""

import json

import pytest
from counting_judges import FailingJudge, requests
from recipes import Rows

from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import CallLimits
from thoughtrank.storage.stage_reuse import Store


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "run", cache_folder=tmp_path / "cache")


@pytest.fixture
def artifact(store):
    """The ranking of round 1 or another one; locked, as while a stage is made."""

    def make(number=1):
        published = store.paths.rankings(number)
        return store.artifact(Rows(kind="rankings", published=published, values={"round": number}))

    return make


def started(store, limit=None):
    return RunSpending(limit=limit, store=store)


def judge(limit=10.0, **settings):
    return FailingJudge(limits=CallLimits(budget=limit, max_retries=2), **settings)


def ask(spending, artifact, *, calls, limit=10.0, **settings):
    asked = judge(limit, **settings)
    with artifact.locked(), spending.calling(asked, artifact=artifact, account=artifact.key) as executor:
        executor.ask(requests(calls))
    return executor


def finish(artifact, *, cost, lost=0.0):
    with artifact.locked():
        artifact.finish(judge_cost=cost, judge_lost_cost=lost)
    artifact.publish()


def test_a_later_attempt_that_asks_for_nothing_of_it_still_counts_a_finished_stage(store, artifact):
    finish(artifact(1), cost=1.5, lost=0.5)
    later = started(store, limit=2.6)
    assert later.budget.spent == 2.0
    with pytest.raises(BudgetReached):
        ask(later, artifact(2), calls=1)


def test_a_stage_that_is_reused_is_counted_once_and_one_of_another_run_when_it_is_taken(store, artifact):
    finish(artifact(1), cost=1.5)
    spending = started(store)
    for _ in range(2):
        spending.count(artifact(1), account=artifact(1).key, cost=1.5, lost=0.0)
        assert spending.budget.spent == 1.5
    spending.count(artifact(2), account=artifact(2).key, cost=4.0, lost=1.0)
    assert spending.budget.spent == 6.5
    assert started(store).budget.spent == 6.5


def test_an_unfinished_stage_counts_also_where_no_later_attempt_asks_for_it(store, artifact):
    first = started(store, limit=3.4)
    with pytest.raises(BudgetReached):
        ask(first, artifact(1), calls=20, failures={"q0": 1}, charged=True)
    assert first.budget.spent == 2.5, "three verdicts, and a reply that was lost"
    assert started(store).budget.spent == 2.5


def test_one_that_is_resumed_is_counted_once(store, artifact):
    ask(started(store), artifact(1), calls=4)
    resumed = started(store)
    assert resumed.budget.spent == 2.0
    assert ask(resumed, artifact(1), calls=5).new_calls == 1
    assert resumed.budget.spent == 2.5
    assert started(store).budget.spent == 2.5


def test_a_process_that_was_killed_leaves_what_it_had_spent_in_the_logs(store, artifact):
    spending, interrupted = started(store), artifact(1)
    calling = spending.calling(judge(), artifact=interrupted, account=interrupted.key)
    executor = calling.__enter__()  # and never left
    executor.ask(requests(3))
    executor.close()
    [entry] = json.loads(store.paths.judge_costs.read_text()).values()
    assert (entry["cost"], entry["working_in"]) == (0.0, f"rankings/{interrupted.key}")
    assert started(store).budget.spent == 1.5
    [entry] = json.loads(store.paths.judge_costs.read_text()).values()
    assert entry == {"stage": "round_1/2_rankings", "cost": 1.5, "lost": 0.0, "working_in": None}


def test_calls_whose_log_was_deleted_still_count(store, artifact):
    ask(started(store), artifact(1), calls=4)
    (artifact(1).folder / "_verdicts.jsonl").unlink()
    again = started(store)
    ask(again, artifact(1), calls=1)
    assert again.budget.spent == 2.5
    assert started(store).budget.spent == 2.5


def test_a_free_judge_leaves_no_file(store, artifact):
    with artifact().locked(), started(store).calling(FakeJudge(), artifact=artifact(), account="a") as executor:
        executor.ask(requests(2))
    assert not store.paths.judge_costs.exists()
