"""Groups of all answers, then of the better half, until one group is left: a known cost, most of it near the top."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from thoughtrank.judging.protocol import JudgeRequest, Verdict
from thoughtrank.rankers.call_outcomes import with_verdicts
from thoughtrank.rankers.comparison_ranker import ComparisonRanker, too_small
from thoughtrank.rankers.comparisons import Comparisons
from thoughtrank.rankers.context_packing import MIN_GROUP_SIZE, with_group_calls
from thoughtrank.rankers.posterior import AnswerPosterior, fit_posterior, posterior_result
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class HalvingState:
    """The state of one question.

    Attributes:
        comparisons: calls and their verdicts.
        remaining: ids of the answers that the last planned round is about.
        rounds: planned so far.
        final: the last planned round is the last one.
        context_tokens: most tokens of one call; None for no limit.
        posterior: fitted to the comparisons; None before the first verdict, and with an exact judge.
    """

    comparisons: Comparisons
    remaining: tuple[str, ...] = ()
    rounds: int = 0
    final: bool = False
    context_tokens: int | None = None
    posterior: AnswerPosterior | None = None


class SuccessiveHalving(ComparisonRanker[HalvingState]):
    """Judges each answer once in a group, keeps the better half by posterior mean, and repeats until one group is left.

    Args:
        group_size: most answers per call, at least 3.
        finals: calls about the last group.
    """

    version: ClassVar[int] = 3

    def __init__(self, *, group_size: int = 8, finals: int = 3) -> None:
        self.group_size = group_size
        self.finals = finals

    def faults(self) -> list[str]:
        """Settings that are too small."""
        return too_small(MIN_GROUP_SIZE, group_size=self.group_size) + too_small(1, finals=self.finals)

    def max_work(self, answers: int) -> Work:
        """Every round; without failures it is never less."""
        size, shown, calls = answers, 0, 0
        while size > self.group_size:
            shown += size
            calls += -(-size // self.group_size)
            size = max(self.group_size, size // 2)
        return Work(calls=calls + self.finals, answers_shown=shown + self.finals * size)

    def initial_state(self, comparisons: Comparisons, *, context_tokens: int | None) -> HalvingState:
        """See ``ComparisonRanker``."""
        return HalvingState(comparisons=comparisons, context_tokens=context_tokens)

    def with_first_round(self, state: HalvingState) -> HalvingState:
        """Groups of all answers."""
        return self._with_round(state, state.comparisons.ids)

    def update(self, state: HalvingState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> HalvingState:
        """Add the verdicts; when the round is complete, plan the next one about the better half."""
        state = replace(state, comparisons=with_verdicts(state.comparisons, judged))
        if state.comparisons.exact:
            return state
        posterior = fit_posterior(state.comparisons, previous=state.posterior)
        state = replace(state, posterior=posterior)
        better_half = self._better_half(state, posterior)
        if state.comparisons.open or state.final or len(better_half) < 2:
            return state
        return self._with_round(state, better_half)

    def result(self, state: HalvingState) -> RankResult:
        """By posterior mean over all calls, equal means together; the judge's own order where it is exact."""
        return posterior_result(state.comparisons, state.posterior)

    def _better_half(self, state: HalvingState, posterior: AnswerPosterior) -> list[str]:
        """Ids by posterior mean; answers that no call ranked are dropped."""
        scores = posterior.scores
        remaining = [each for each in state.remaining if each in scores]
        remaining.sort(key=lambda each: (-scores[each], each))
        return remaining[: max(self.group_size, len(state.remaining) // 2)]

    def _with_round(self, state: HalvingState, ids: Sequence[str]) -> HalvingState:
        final = len(ids) <= self.group_size
        comparisons = with_group_calls(
            state.comparisons,
            ids,
            salt=f"halving/{state.rounds}",
            size=self.group_size,
            context_tokens=state.context_tokens,
            repetitions=self.finals if final else 1,
        )
        return replace(state, comparisons=comparisons, remaining=tuple(ids), rounds=state.rounds + 1, final=final)
