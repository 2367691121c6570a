"""The default ranker: shuffled groups first, then further calls only about answers that may still be the best."""

import math
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

_MIN_FOCUS = 3
"""Answers. With two left, an error of the first rounds could no longer be corrected."""


@dataclass(frozen=True, slots=True)
class AdaptiveState:
    """The state of one question.

    Attributes:
        comparisons: calls and their verdicts.
        rounds: rounds planned, retries not counted.
        focus: how many answers the last round was about.
        context_tokens: most tokens of one call; None for no limit.
        posterior: fitted to the comparisons; None before the first verdict, and with an exact judge.
        first_round_tokens: estimated tokens of one call about every answer.
    """

    comparisons: Comparisons
    rounds: int = 0
    focus: int = 0
    context_tokens: int | None = None
    posterior: AnswerPosterior | None = None
    first_round_tokens: float = 0.0


class AdaptiveListwise(ComparisonRanker[AdaptiveState]):
    """Judges groups of all answers once, fits a Plackett-Luce posterior, and has the likely best answers judged again.

    The next round is about the smallest set of answers that holds ``cover`` of the probability to be the best, and about half
    of the last round's answers at most, until one group holds them all; then ``looks_per_round`` calls about that group. It
    stops as soon as the leader is good enough. Two answers are shown in both orders; one needs no call. An exact judge gets all
    answers in one call.

    Args:
        group_size: most answers per call, at least 3.
        cover: probability that the best answer is in the next round, between 0 and 1.
        looks_per_round: calls per round once one group holds all remaining answers.
        leader_looks: no early stop before the leader was ranked in this many calls, because a prompt injection that works now
            and then, or chance, can win a few in a row.
        stop_regret: stop when the leader is expected to be worse than the best by less than this, in standard deviations of
            quality.
        stop_p_top: stop when the leader is the best with more than this probability.
        max_rounds: most rounds per question; rounds of retries are not counted.
        budget: stop when the calls have taken this many times the tokens of one call about every answer.
    """

    version: ClassVar[int] = 3

    def __init__(
        self,
        *,
        group_size: int = 5,
        cover: float = 0.85,
        looks_per_round: int = 2,
        leader_looks: int = 8,
        stop_regret: float = 0.15,
        stop_p_top: float = 0.85,
        max_rounds: int = 10,
        budget: float = 3.5,
    ) -> None:
        self.group_size = group_size
        self.cover = cover
        self.looks_per_round = looks_per_round
        self.leader_looks = leader_looks
        self.stop_regret = stop_regret
        self.stop_p_top = stop_p_top
        self.max_rounds = max_rounds
        self.budget = budget

    def faults(self) -> list[str]:
        """Settings that are out of range."""
        faults = too_small(MIN_GROUP_SIZE, group_size=self.group_size)
        faults += too_small(1, looks_per_round=self.looks_per_round, max_rounds=self.max_rounds)
        if not 0 < self.cover < 1:
            faults.append(f"ranker.cover is {self.cover}: it must be between 0 and 1")
        if not self.budget > 0:
            faults.append(f"ranker.budget is {self.budget}: it must be more than 0")
        return faults

    def max_work(self, answers: int) -> Work:
        """All rounds; usually the leader is good enough, or the budget spent, long before."""
        if answers == 2:
            return Work(calls=2, answers_shown=4)
        size, shown, calls = answers, answers, -(-answers // self.group_size)
        for _ in range(self.max_rounds - 1):
            # The leader may be added to the half.
            size = min(answers, max(self.group_size, -(-size // 2)) + 1)
            repetitions = self.looks_per_round if size <= self.group_size + 1 else 1
            shown += repetitions * size
            calls += repetitions * -(-size // self.group_size)
        return Work(calls=calls, answers_shown=shown)

    def initial_state(self, comparisons: Comparisons, *, context_tokens: int | None) -> AdaptiveState:
        """See ``ComparisonRanker``."""
        return AdaptiveState(comparisons=comparisons, context_tokens=context_tokens)

    def with_first_round(self, state: AdaptiveState) -> AdaptiveState:
        """Groups of all answers."""
        state = self._with_round(state, state.comparisons.ids)
        return replace(state, first_round_tokens=state.comparisons.tokens)

    def update(self, state: AdaptiveState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> AdaptiveState:
        """Refit, and choose the answers of the next round if there is one; failed calls are retried first."""
        comparisons = with_verdicts(state.comparisons, judged)
        state = replace(state, comparisons=comparisons)
        if comparisons.exact:
            return state
        posterior = fit_posterior(comparisons, previous=state.posterior)
        state = replace(state, posterior=posterior)
        if comparisons.open or self._done(state, posterior):
            return state
        return self._with_round(state, self._next_focus(state, posterior))

    def result(self, state: AdaptiveState) -> RankResult:
        """By posterior mean, equal means together; the judge's own order where it is exact."""
        return posterior_result(state.comparisons, state.posterior)

    def _done(self, state: AdaptiveState, posterior: AnswerPosterior) -> bool:
        comparisons = state.comparisons
        if len(comparisons.ids) < 2 or len(comparisons.all_answers.answers) == 2:
            return True
        if state.rounds >= self.max_rounds or comparisons.tokens >= self.budget * state.first_round_tokens:
            return True
        calls = sum(posterior.leader in group for order in comparisons.orders for group in order.groups)
        if posterior.leader is None or calls < self.leader_looks:
            return False
        return posterior.expected_regret < self.stop_regret or posterior.p_top_judged > self.stop_p_top

    def _next_focus(self, state: AdaptiveState, posterior: AnswerPosterior) -> list[str]:
        """The ids of the answers of the next round."""
        p_top = posterior.p_top
        likely = sorted(p_top, key=lambda each: (-p_top[each], each))
        total, needed = 0.0, 0
        while needed < len(likely) and total < self.cover:
            total += p_top[likely[needed]]
            needed += 1
        most = max(self.group_size, math.ceil(state.focus / 2))
        chosen = likely[: min(max(needed, _MIN_FOCUS), most)]
        leader = posterior.leader
        return chosen if leader is None or leader in chosen else [*chosen, leader]

    def _with_round(self, state: AdaptiveState, ids: Sequence[str]) -> AdaptiveState:
        """Plan one more round about these answers."""
        comparisons = state.comparisons
        both_orders = len(comparisons.all_answers.answers) == 2
        several = state.rounds and len(ids) <= self.group_size and not both_orders
        comparisons = with_group_calls(
            comparisons,
            ids,
            salt=f"groups/{state.rounds}",
            size=self.group_size,
            context_tokens=state.context_tokens,
            repetitions=self.looks_per_round if several else 1,
            both_orders=both_orders,
        )
        return replace(state, comparisons=comparisons, rounds=state.rounds + 1, focus=len(ids))
