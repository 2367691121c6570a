"""Groups of all answers, then of the better half, until one group is left: a known price, and most of it near the top."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.comparisons import Evidence, begin, shuffled, take, with_looks
from thoughtrank.rankers.context_packing import SMALLEST_GROUP, packed
from thoughtrank.rankers.posterior import Standing, posterior_result, stand
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class HalvingState:
    """All that is known about one question.

    Attributes:
        evidence: looks and what they said.
        left: ids of the answers that the last planned round is about.
        rounds: planned so far.
        final: the last planned round is the last one.
        context_tokens: most tokens of one look; None is no limit.
        standing: what follows from the evidence; None before the first verdict, and under an exact judge.
    """

    evidence: Evidence
    left: tuple[str, ...] = ()
    rounds: int = 0
    final: bool = False
    context_tokens: int | None = None
    standing: Standing | None = None


class SuccessiveHalving:
    """Looks at each answer once in a group, keeps the better half by posterior mean, and so on until one group is left.

    Args:
        group_size: most answers per look, at least 3.
        finals: looks at the last group.

    Raises:
        UserError: a setting is out of its range.
    """

    def __init__(self, *, group_size: int = 8, finals: int = 3) -> None:
        if group_size < SMALLEST_GROUP:
            raise UserError(f"ranker.group_size is {group_size}: it must be at least {SMALLEST_GROUP}")
        if finals < 1:
            raise UserError(f"ranker.finals is {finals}: it must be at least 1")
        self.group_size = group_size
        self.finals = finals

    def identity(self) -> dict[str, object]:
        """Every setting."""
        return {"ranker": "successive_halving", "version": 3, **vars(self)}

    def most_work(self, answers: int) -> Work:
        """Every round; it is never less."""
        size, shown, looks = answers, 0, 0
        while size > self.group_size:
            shown += size
            looks += -(-size // self.group_size)
            size = max(self.group_size, size // 2)
        return Work(looks=looks + self.finals, shown=shown + self.finals * size)

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
    ) -> HalvingState:
        """The first groups; a single answer needs no look, an exact judge takes one."""
        evidence = begin(
            question_id=question_id, question=question, answers=answers, reference=reference, seed=seed, exact=exact
        )
        state = HalvingState(evidence=evidence, context_tokens=context_tokens)
        if len(answers) < 2:
            return state
        if exact:
            return replace(state, evidence=with_looks(evidence, [evidence.asked.answers]), final=True)
        return self._round(state, evidence.ids)

    def plan(self, state: HalvingState) -> list[JudgeRequest]:
        """The looks of this round that are still open."""
        return state.evidence.requests()

    def update(self, state: HalvingState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> HalvingState:
        """Keep what came back; when the round is complete, plan the next one about the better half."""
        state = replace(state, evidence=take(state.evidence, judged))
        if state.evidence.exact:
            return state
        state = replace(state, standing=stand(state.evidence, before=state.standing))
        left = self._better_half(state)
        if state.evidence.open or state.final or len(left) < 2:
            return state
        return self._round(state, left)

    def result(self, state: HalvingState) -> RankResult:
        """By posterior mean over all looks, equal means together; the judge's own order where it is exact."""
        return posterior_result(state.evidence, state.standing)

    def _better_half(self, state: HalvingState) -> list[str]:
        """Ids by posterior mean; answers that no look placed are behind."""
        assert state.standing is not None
        scores = state.standing.scores
        left = [each for each in state.left if each in scores]
        left.sort(key=lambda each: (-scores[each], each))
        return left[: max(self.group_size, len(state.left) // 2)]

    def _round(self, state: HalvingState, ids: Sequence[str]) -> HalvingState:
        evidence = state.evidence
        final = len(ids) <= self.group_size
        for look in range(self.finals if final else 1):
            answers = shuffled(evidence, ids, salt=f"halving/{state.rounds}/{look}")
            groups = packed(answers, size=self.group_size, asked=evidence.asked, context_tokens=state.context_tokens)
            evidence = with_looks(evidence, groups)
        return replace(state, evidence=evidence, left=tuple(ids), rounds=state.rounds + 1, final=final)
