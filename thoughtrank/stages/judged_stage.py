"""What stages that call the judge have in common: the logs that an attempt resumes, and the cost of what exists already."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

from thoughtrank.judging.execution.executor import RESERVATIONS, VERDICTS, Executor
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.protocol import Judge
from thoughtrank.stages.stage import Stage
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.judge_costs import ACCOUNT


@dataclass(frozen=True, kw_only=True)
class JudgedStage(Stage):
    """Every verdict is in the verdict log before it is used, so a killed run pays for nothing twice.

    Attributes:
        judge: answers the judge calls.
        spending: of the run.
        seed: of the order and labels in which answers are shown, and of every other shuffle.
    """

    reusable: ClassVar[tuple[str, ...]] = (VERDICTS, RESERVATIONS)
    judge: Judge
    spending: RunSpending
    seed: int

    def account(self, artifact: Artifact) -> str:
        """The key under which the run keeps the cost of its calls; stages that take over verdicts have the same."""
        return artifact.key

    def calling(self, artifact: Artifact) -> AbstractContextManager[Executor]:
        """Makes the calls, and keeps what they cost."""
        return self.spending.calling(self.judge, artifact=artifact, account=self.account(artifact))

    def reuse(self, artifact: Artifact) -> None:
        """Count what the judge has cost already against the run's budget, and take over the bounds that were raised."""
        facts = artifact.facts
        account = facts.get(ACCOUNT, artifact.key)
        self.spending.count(artifact, account=account, cost=facts["judge_cost"], lost=facts["judge_lost_cost"])
        self.judge.raise_bounds(facts.get("judge_raised_bounds", {}))
