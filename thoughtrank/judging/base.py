"""Base class of judges: what holds for a judge that is free and local, unless it states otherwise."""

from collections.abc import Mapping
from typing import Self

from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.instantiate import Component
from thoughtrank.judging.cost_bound import CostBound, bounded_cost
from thoughtrank.judging.protocol import CallLimits, JudgeRequest, Price, Usage, Verdict


class BaseJudge(Component):
    """Defaults for every member of ``Judge`` but ``exact`` and ``judge``; see there for what they mean."""

    exact: bool
    needs_reference: bool = False
    concurrency: int = 1
    context_tokens: int | None = None
    limits: CallLimits = CallLimits()
    audit_share: float = 0.0
    max_reply_tokens: int = 100

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self).__name__

    def availability_warning(self) -> str | None:
        """None: it is always there."""
        return None

    def family(self) -> str | None:
        """None: no model judges."""
        return None

    def price(self) -> Price:
        """Free."""
        return (0.0, 0.0)

    def prices_as_of(self) -> str | None:
        """None: the price is not from a table."""
        return None

    def scored_by(self, scorer: Scorer) -> Self:
        """The judge itself: it does not compare with reference answers."""
        return self

    def upper_bound(self, request: JudgeRequest) -> Usage:
        """Nothing."""
        return Usage()

    def raised_bounds(self) -> Mapping[str, float]:
        """None."""
        return {}

    def raise_bounds(self, factors: Mapping[str, float]) -> None:
        """No effect: nothing is bounded."""

    def has_worked(self) -> None:
        """No effect: no setting is suspected."""

    def cost_bound(self, *, calls: int, answers_shown: int, answer_tokens: int) -> CostBound | None:
        """None for an exact judge; else from the judge's price, limits and longest reply."""
        if self.exact:
            return None
        return bounded_cost(
            calls=calls,
            answers_shown=answers_shown,
            answer_tokens=answer_tokens,
            max_reply_tokens=self.max_reply_tokens,
            audit_fraction=self.audit_share,
            price=self.price(),
            prices_as_of=self.prices_as_of(),
            budget=self.limits.budget,
        )

    def judge(self, request: JudgeRequest) -> Verdict:
        """See ``Judge``."""
        raise NotImplementedError
