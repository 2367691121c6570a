"""What stages that call the judge have in common: the logs that an attempt resumes, and the cost of what exists already."""

from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.executor import RESERVATIONS, VERDICTS
from thoughtrank.judging.protocol import Judge
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.artifact import Artifact


@dataclass(frozen=True, kw_only=True)
class JudgedStage(Stage):
    """Every verdict is in the verdict log before it is used, so a killed run pays for nothing twice.

    Attributes:
        judge: answers the judge calls.
        budget: of the run.
        seed: of the order and labels in which answers are shown, and of every other shuffle.
    """

    reusable: ClassVar[tuple[str, ...]] = (VERDICTS, RESERVATIONS)
    judge: Judge
    budget: Budget
    seed: int

    def reuse(self, artifact: Artifact) -> None:
        """Count what the judge has cost already against the run's budget, and take over the bounds that were raised."""
        self.budget.add(artifact.facts["judge_cost"] + artifact.facts["judge_lost_cost"])
        self.judge.raise_bounds(artifact.facts.get("judge_raised_bounds", {}))
