from dataclasses import dataclass
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
