"""What rankers that plan all their looks at the start have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.comparisons import Evidence, begin, take, with_looks
from thoughtrank.rankers.posterior import posterior_result, stand
from thoughtrank.rankers.protocol import RankResult, Work


@dataclass(frozen=True, slots=True)
class OneStageState:
    """All that is known about one question, and the most tokens of one look (None: no limit)."""

    evidence: Evidence
    context_tokens: int | None = None


class OneStage:
    """Plans its looks at the start, asks the failed ones once more, and orders the answers by their posterior means.

    A subclass says which looks, and how many. An exact judge gets all answers in one look; a single answer needs none.
    """

    def most_work(self, answers: int) -> Work:
        """What ``looks`` plans for so many answers."""
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
    ) -> OneStageState:
        """All looks, unless there is nothing to compare."""
        evidence = begin(
            question_id=question_id, question=question, answers=answers, reference=reference, seed=seed, exact=exact
        )
        state = OneStageState(evidence=evidence, context_tokens=context_tokens)
        if len(answers) < 2:
            return state
        if exact:
            return replace(state, evidence=with_looks(evidence, [evidence.asked.answers]))
        return replace(state, evidence=self.looks(state))

    def looks(self, state: OneStageState) -> Evidence:
        """The evidence with all looks of this ranker."""
        raise NotImplementedError

    def plan(self, state: OneStageState) -> list[JudgeRequest]:
        """The looks without a verdict: all in the first round, the failed ones after it."""
        return state.evidence.requests()

    def update(self, state: OneStageState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> OneStageState:
        """Keep what came back."""
        return replace(state, evidence=take(state.evidence, judged))

    def result(self, state: OneStageState) -> RankResult:
        """By posterior mean, equal means together; the judge's own order where it is exact."""
        evidence = state.evidence
        return posterior_result(evidence, None if evidence.exact or not evidence.orders else stand(evidence))
