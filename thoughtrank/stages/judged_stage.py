"""What stages that call the judge have in common: the logs that an attempt resumes, and the cost of what exists already."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from thoughtrank.judging.execution.executor import RESERVATIONS, VERDICTS, Executor
from thoughtrank.judging.execution.run_spending import RunSpending
from thoughtrank.judging.protocol import Judge, Usage
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
        cost = facts["judge_cost"] + self._unpriced_cost(facts)
        self.spending.count(artifact, account=account, cost=cost, lost=facts["judge_lost_cost"])
        self.judge.raise_bounds(facts.get("judge_raised_bounds", {}))

    def cost_facts(self, executor: Executor) -> dict[str, object]:
        """What the judge's calls have cost, and what later stages must know of it."""
        usage, unpriced = executor.usage, executor.unpriced_usage
        return {
            "judge_tokens": usage.prompt_tokens + usage.completion_tokens,
            "judge_cost": usage.cost,
            "judge_lost_cost": executor.lost_cost,
            "judge_unpriced_tokens": [unpriced.prompt_tokens, unpriced.completion_tokens],
            "judge_raised_bounds": dict(self.judge.raised_bounds()),
        }

    def _unpriced_cost(self, facts: Mapping[str, Any]) -> float:
        """The cost of calls whose price was unknown when they were made, at the price that is known now."""
        price = self.judge.price()
        if price is None:
            return 0.0
        if "judge_unpriced_tokens" in facts:
            prompt, completion = facts["judge_unpriced_tokens"]
            return Usage(prompt_tokens=prompt, completion_tokens=completion).at_price(price).cost
        # Former versions recorded only the sum of the tokens: the most that these can cost.
        return 0.0 if facts["judge_cost"] else facts.get("judge_tokens", 0) * max(price) / 1e6
