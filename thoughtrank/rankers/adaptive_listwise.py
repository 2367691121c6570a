"""The default: shuffled groups first, then further looks only at answers that may still be the best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.comparisons import Evidence, begin, shuffled, take, with_looks
from thoughtrank.rankers.context_packing import SMALLEST_GROUP, packed
from thoughtrank.rankers.posterior import Standing, posterior_result, stand
from thoughtrank.rankers.protocol import RankResult, Work

_SMALLEST_FOCUS = 3
"""Answers. With two left, a mistake of the first rounds could no longer be put right."""


@dataclass(frozen=True, slots=True)
class AdaptiveState:
    """All that is known about one question.

    Attributes:
        evidence: looks and what they said.
        rounds: rounds planned, retries not counted.
        focus: how many answers the last round was about.
        context_tokens: most tokens of one look; None is no limit.
        standing: what follows from the evidence; None before the first verdict, and under an exact judge.
        stage_tokens: of one look at every answer, estimated.
    """

    evidence: Evidence
    rounds: int = 0
    focus: int = 0
    context_tokens: int | None = None
    standing: Standing | None = None
    stage_tokens: float = 0.0


class AdaptiveListwise:
    """Looks at groups of all answers once, fits a Plackett-Luce posterior, and asks again about those that may be best.

    The next round is about the smallest set of answers that holds ``cover`` of the probability to be the best, and about
    half of the last round's answers at most, until one group holds them all; then ``looks_per_round`` looks at that
    group. It stops as soon as the leader is good enough. Two answers are shown in both orders; one needs no look. An
    exact judge gets all answers in one look.

    Args:
        group_size: most answers per look, at least 3.
        cover: probability that the best answer is in the next round, between 0 and 1.
        looks_per_round: looks per round once one group holds all answers that matter.
        leader_looks: no early stop before the leader was placed in this many looks: an instruction to the judge that works now
            and then, or luck, can win a few in a row.
        stop_regret: stop when the leader is expected to be worse than the best by less than this, in standard deviations
            of quality.
        stop_p_top: stop when the leader is the best with more than this probability.
        max_rounds: most rounds of one question; a round with retries of failed looks is not counted.
        budget: stop when the looks have taken this many times the tokens of one look at every answer.

    Raises:
        UserError: a setting is out of its range.
    """

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
        faults = []
        if group_size < SMALLEST_GROUP:
            faults.append(f"ranker.group_size is {group_size}: it must be at least {SMALLEST_GROUP}")
        if not 0 < cover < 1:
            faults.append(f"ranker.cover is {cover}: it must be between 0 and 1")
        if looks_per_round < 1 or max_rounds < 1:
            faults.append("ranker.looks_per_round and ranker.max_rounds must be at least 1")
        if not budget > 0:
            faults.append(f"ranker.budget is {budget}: it must be more than 0")
        if faults:
            raise UserError(*faults)
        self.group_size = group_size
        self.cover = cover
        self.looks_per_round = looks_per_round
        self.leader_looks = leader_looks
        self.stop_regret = stop_regret
        self.stop_p_top = stop_p_top
        self.max_rounds = max_rounds
        self.budget = budget

    def identity(self) -> dict[str, object]:
        """Every setting."""
        return {"ranker": "adaptive_listwise", "version": 3, **vars(self)}

    def most_work(self, answers: int) -> Work:
        """All rounds; mostly the leader is good enough, or the budget spent, long before."""
        if answers == 2:
            return Work(looks=2, shown=4)
        size, shown, looks = answers, answers, -(-answers // self.group_size)
        for _ in range(self.max_rounds - 1):
            # The leader may come on top of the half.
            size = min(answers, max(self.group_size, -(-size // 2)) + 1)
            times = self.looks_per_round if size <= self.group_size + 1 else 1
            shown += times * size
            looks += times * -(-size // self.group_size)
        return Work(looks=looks, shown=shown)

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
    ) -> AdaptiveState:
        """Groups of all answers; a single answer needs no look."""
        evidence = begin(
            question_id=question_id,
            question=question,
            answers=answers,
            reference=reference,
            seed=seed,
            exact=exact,
        )
        state = AdaptiveState(evidence=evidence, context_tokens=context_tokens)
        if len(answers) < 2:
            return state
        if exact:
            return replace(state, evidence=with_looks(evidence, [evidence.asked.answers]))
        state = self._round(state, evidence.ids)
        return replace(state, stage_tokens=state.evidence.tokens)

    def plan(self, state: AdaptiveState) -> list[JudgeRequest]:
        """The looks of this round that are still open."""
        return state.evidence.requests()

    def update(self, state: AdaptiveState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> AdaptiveState:
        """Fit anew and choose the answers of the next round, if there is to be one; failed looks come first."""
        evidence = take(state.evidence, judged)
        state = replace(state, evidence=evidence)
        if evidence.exact:
            return state
        state = replace(state, standing=stand(evidence, before=state.standing))
        if evidence.open or self._done(state):
            return state
        return self._round(state, self._focus(state))

    def result(self, state: AdaptiveState) -> RankResult:
        """By posterior mean, equal means together; the judge's own order where it is exact."""
        return posterior_result(state.evidence, state.standing)

    def _done(self, state: AdaptiveState) -> bool:
        standing = state.standing
        if standing is None or len(state.evidence.ids) < 2 or len(state.evidence.asked.answers) == 2:
            return True
        if state.rounds >= self.max_rounds or state.evidence.tokens >= self.budget * state.stage_tokens:
            return True
        looks = sum(standing.leader in group for order in state.evidence.orders for group in order.groups)
        if standing.leader is None or looks < self.leader_looks:
            return False
        return standing.expected_regret < self.stop_regret or standing.p_top_judged > self.stop_p_top

    def _focus(self, state: AdaptiveState) -> list[str]:
        """The ids of the answers of the next round."""
        assert state.standing is not None
        p_top = state.standing.p_top
        likely = sorted(p_top, key=lambda each: (-p_top[each], each))
        total, needed = 0.0, 0
        while needed < len(likely) and total < self.cover:
            total += p_top[likely[needed]]
            needed += 1
        most = max(self.group_size, math.ceil(state.focus / 2))
        chosen = likely[: min(max(needed, _SMALLEST_FOCUS), most)]
        leader = state.standing.leader
        return chosen if leader is None or leader in chosen else [*chosen, leader]

    def _round(self, state: AdaptiveState, ids: Sequence[str]) -> AdaptiveState:
        """One more round about these answers."""
        evidence = state.evidence
        looks = self.looks_per_round if state.rounds and len(ids) <= self.group_size else 1
        both_orders = len(evidence.asked.answers) == 2
        for look in range(1 if both_orders else looks):
            answers = shuffled(evidence, ids, salt=f"groups/{state.rounds}/{look}")
            groups = packed(answers, size=self.group_size, asked=evidence.asked, context_tokens=state.context_tokens)
            evidence = with_looks(evidence, groups, reverse=both_orders)
        return replace(state, evidence=evidence, rounds=state.rounds + 1, focus=len(ids))
