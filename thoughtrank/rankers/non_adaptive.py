"""Base class of rankers that plan all their calls at the start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.instantiate import Component
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.call_outcomes import with_verdicts
from thoughtrank.rankers.comparisons import Comparisons, no_comparisons
from thoughtrank.rankers.posterior import fit_posterior, posterior_result
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class NonAdaptiveState:
    """The comparisons of one question, and the most tokens of one call (None: no limit)."""

    comparisons: Comparisons
    context_tokens: int | None = None


class NonAdaptiveRanker(Component):
    """Plans its calls at the start, retries the failed ones, and orders the answers by their posterior means.

    A subclass defines which calls, and how many. An exact judge gets all answers in one call; a single answer needs none.
    """

    def max_work(self, answers: int) -> Work:
        """The calls that ``planned`` makes for this many answers."""
        raise NotImplementedError

    def planned(self, state: NonAdaptiveState) -> Comparisons:
        """The comparisons of ``state`` with all calls of this ranker open."""
        raise NotImplementedError

    def start(
        self,
        *,
        question_id: str,
        question: str,
        answers: Sequence[AnswerView],
        reference: str | None,
        seed: int,
        exact: bool,
        context_tokens: int | None = None,
    ) -> NonAdaptiveState:
        """All calls open, unless there is nothing to compare."""
        comparisons = no_comparisons(
            question_id=question_id, question=question, answers=answers, reference=reference, seed=seed, exact=exact
        )
        state = NonAdaptiveState(comparisons=comparisons, context_tokens=context_tokens)
        if exact or len(answers) < 2:
            return state
        return replace(state, comparisons=self.planned(state))

    def plan(self, state: NonAdaptiveState) -> list[JudgeRequest]:
        """The calls without a verdict: all in the first round, the retries after it."""
        return state.comparisons.requests()

    def update(self, state: NonAdaptiveState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> NonAdaptiveState:
        """Add the verdicts."""
        return replace(state, comparisons=with_verdicts(state.comparisons, judged))

    def result(self, state: NonAdaptiveState) -> RankResult:
        """By posterior mean, equal means together; the judge's own order where it is exact."""
        comparisons = state.comparisons
        no_posterior = comparisons.exact or not comparisons.orders
        return posterior_result(comparisons, None if no_posterior else fit_posterior(comparisons))
