from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from recipes import forget

from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.stages.judged_stage import JudgedStage


class RaisedBounds(FakeJudge):
    """Records the bounds that it is to take over."""

    raised = None

    def raise_bounds(self, bounds):
        self.raised = dict(bounds)


class Priced(FakeJudge):
    def price(self):
        return (10.0, 20.0)


@dataclass(frozen=True, kw_only=True)
class Judged(JudgedStage):
    kind: ClassVar[str] = "rankings"

    def inputs(self):
        return {"seed": self.seed}

    def make(self, artifact):
        (artifact.folder / "_verdicts.jsonl").write_text("1\n", encoding="utf-8")
        artifact.finish(judge_cost=0.25, judge_lost_cost=0.5, judge_raised_bounds={"prompt": 2.0})


@pytest.fixture
def stage_of(store):
    def make():
        return Judged(
            name="round 1 ranking",
            published=store.paths.rankings(1),
            judge=RaisedBounds(),
            spending=RunSpending(limit=1.0, store=store),
            seed=3,
        )

    return make


def test_what_exists_counts_against_the_budget_and_brings_its_bounds(store, stage_of):
    first, again = stage_of(), stage_of()
    store.complete(first)
    assert (first.spending.budget.spent, first.judge.raised) == (0, None)
    store.complete(again)
    assert (again.spending.budget.spent, again.judge.raised) == (0.75, {"prompt": 2.0})


def test_an_unfinished_attempt_resumes_with_its_logs(store, stage_of):
    artifact = store.complete(stage_of())
    forget(artifact)
    assert (artifact.folder / "_verdicts.jsonl").exists()
    assert JudgedStage.reusable == ("_verdicts.jsonl", "_reservations.jsonl")


@pytest.mark.parametrize(
    ("facts", "cost"),
    [
        ({"judge_cost": 0.25, "judge_tokens": 1100, "judge_unpriced_tokens": [0, 0]}, 0.25),
        ({"judge_cost": 0.0, "judge_tokens": 1100, "judge_unpriced_tokens": [1000, 100]}, 0.012),
        ({"judge_cost": 0.25, "judge_tokens": 5000, "judge_unpriced_tokens": [1000, 100]}, 0.262),
        # Former versions did not record which tokens they were.
        ({"judge_cost": 0.0, "judge_tokens": 1100}, 0.022),
        ({"judge_cost": 0.25, "judge_tokens": 1100}, 0.25),
    ],
)
def test_calls_whose_price_was_unknown_count_at_the_price_that_is_known_now(store, stage_of, facts, cost):
    priced = replace(stage_of(), judge=Priced())
    free = stage_of()
    artifact = store.artifact(priced)
    with artifact.locked():
        artifact.finish(judge_lost_cost=0.5, **facts)
    priced.reuse(artifact)
    free.reuse(artifact)
    assert priced.spending.budget.spent == pytest.approx(cost + 0.5)
    assert free.spending.budget.spent == facts["judge_cost"] + 0.5
