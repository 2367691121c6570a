"""Base class of rankers that plan all their calls at the start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.judging.protocol import JudgeRequest, Verdict
from thoughtrank.rankers.call_outcomes import with_verdicts
from thoughtrank.rankers.comparison_ranker import ComparisonRanker
from thoughtrank.rankers.comparisons import Comparisons
from thoughtrank.rankers.posterior import fit_posterior, posterior_result
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class NonAdaptiveState:
    """The comparisons of one question, and the most tokens of one call (None: no limit)."""

    comparisons: Comparisons
    context_tokens: int | None = None


class NonAdaptiveRanker(ComparisonRanker[NonAdaptiveState]):
    """Plans its calls at the start, retries the failed ones, and orders the answers by their posterior means.

    A subclass defines which calls, and how many.
    """

    def max_work(self, answers: int) -> Work:
        """The calls that ``planned`` makes for this many answers."""
        raise NotImplementedError

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """The comparisons of ``state`` with all calls of this ranker open."""
        raise NotImplementedError

    def initial_state(self, comparisons: Comparisons, *, context_tokens: int | None) -> NonAdaptiveState:
        """See ``ComparisonRanker``."""
        return NonAdaptiveState(comparisons=comparisons, context_tokens=context_tokens)

    def with_first_round(self, state: NonAdaptiveState) -> NonAdaptiveState:
        """All calls."""
        return replace(state, comparisons=self.planned(state))

    def update(self, state: NonAdaptiveState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> NonAdaptiveState:
        """Add the verdicts."""
        return replace(state, comparisons=with_verdicts(state.comparisons, judged))

    def result(self, state: NonAdaptiveState) -> RankResult:
        """By posterior mean, equal means together; the judge's own order where it is exact."""
        comparisons = state.comparisons
        no_posterior = comparisons.exact or not comparisons.orders
        return posterior_result(comparisons, None if no_posterior else fit_posterior(comparisons))
