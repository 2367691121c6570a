"""The budget of an executor: what it counts as spent, and what happens at the cap."""

import pytest
from counting_judges import FailingJudge, requests

from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.protocol import CallLimits


@pytest.mark.parametrize("concurrency", [1, 5])
def test_at_the_cap_the_run_stops_and_resumes_when_it_is_raised(tmp_path, concurrency):
    judge = FailingJudge(limits=CallLimits(budget=4.2), concurrency=concurrency)
    with Executor(judge, tmp_path / "log") as executor:
        with pytest.raises(BudgetReached, match=r"judge\.budget=4\.2 is reached.*\$3\.5000"):
            executor.ask(requests(20))
        assert executor.usage.cost == 3.5
        assert executor.known(requests(1)[0]) is not None
        assert executor.known(requests(20)[-1]) is None
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(BudgetReached):
        executor.ask(requests(20))
    judge.limits = CallLimits(budget=10.6)
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(20))
        assert executor.usage.cost == 10.0
    assert judge.seen["attempts"] == 20


def test_one_budget_serves_all_rounds(tmp_path):
    judge, budget = FailingJudge(), Budget(2.2)
    with Executor(judge, tmp_path / "1" / "log", budget=budget) as executor:
        executor.ask(requests(2))
    with Executor(judge, tmp_path / "2" / "log", budget=budget) as executor, pytest.raises(BudgetReached):
        executor.ask(requests(4))
    assert judge.seen["attempts"] == 3


def test_a_reply_that_was_lost_counts_as_paid_for(tmp_path):
    judge = FailingJudge(failures={"q0": 2}, charged=True, limits=CallLimits(budget=3.6, max_retries=2))
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(2))
        assert (executor.usage.cost, executor.lost_cost) == (1.0, 2.0)
        with pytest.raises(BudgetReached):
            executor.ask(requests(3))
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(BudgetReached, match=r"\$3\.0000"):
        executor.ask(requests(3))


def test_a_failure_that_cost_nothing_gives_its_money_back(tmp_path):
    judge = FailingJudge(failures={"q0": 2}, limits=CallLimits(budget=1.0, max_retries=2))
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(1))
        assert (executor.usage.cost, executor.lost_cost) == (0.5, 0.0)
