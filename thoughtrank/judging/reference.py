"""A judge without a model: it compares every answer with the reference answer."""

from typing import Self

from thoughtrank.evaluation.scoring import ReferenceScorer, Scorer
from thoughtrank.judging.base import BaseJudge
from thoughtrank.judging.protocol import JudgeRequest, Verdict


class ReferenceJudge(BaseJudge):
    """Right answers before wrong ones, tied within the two groups; free, and exact for any number of answers.

    As a grade: 10 for a right answer, 1 for a wrong one. Where the questions have a scorer of their own (``scored_by``), its
    scores make the groups, and the grades in between.
    """

    exact = True
    needs_reference = True

    def __init__(self) -> None:
        self.scorer: Scorer = ReferenceScorer()

    def scored_by(self, scorer: Scorer) -> Self:
        """The same judge with the scorer of the questions."""
        judge = type(self)()
        judge.scorer = scorer
        return judge

    def identity(self) -> dict[str, object]:
        """Also the scorer's identity."""
        return {**super().identity(), "scorer": self.scorer.identity()}

    def judge(self, request: JudgeRequest) -> Verdict:
        """The answers by score, best first; an empty answer is wrong. Without a reference: status ``error``."""
        reference = request.reference
        if reference is None or not reference.strip():
            return Verdict(status="error", reason="no reference answer", model="reference")
        score = {
            answer.answer_id: self.scorer.score(answer.text, question_id=request.question_id, reference=reference)
            for answer in request.answers
        }
        if request.mode == "score":
            (answer,) = request.answers
            return Verdict(
                status="ok", scores=((answer.answer_id, 1 + 9 * score[answer.answer_id]),), model="reference"
            )
        groups = (
            tuple(answer.answer_id for answer in request.answers if score[answer.answer_id] == value)
            for value in sorted(set(score.values()), reverse=True)
        )
        return Verdict(status="ok", groups=tuple(groups), model="reference")
