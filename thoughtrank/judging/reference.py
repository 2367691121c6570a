"""A judge without a model: it compares every answer with the reference answer."""

from thoughtrank.judging.answer_extraction import is_right
from thoughtrank.judging.looks import JudgeRequest, Verdict


class ReferenceJudge:
    """Right answers before wrong ones, no order within the two groups; free, and exact for any number of answers.

    As a grade: 10 for a right answer, 1 for a wrong one.
    """

    exact = True
    concurrency = 1
    needs_reference = True
    context_tokens: int | None = None

    def identity(self) -> dict[str, object]:
        """Only its name: the rule for "right" is part of the code."""
        return {"judge": "reference"}

    def faults(self) -> list[str]:
        """None, ever."""
        return []

    def family(self) -> str | None:
        """None: no model judges."""
        return None

    def price(self) -> tuple[float, float] | None:
        """Free."""
        return (0.0, 0.0)

    def judge(self, request: JudgeRequest) -> Verdict:
        """The right answers, then the wrong ones; an empty answer is wrong. Without a reference: status ``error``."""
        reference = request.reference
        if reference is None or not reference.strip():
            return Verdict(status="error", reason="no reference answer", model="reference")
        right = {answer.answer_id for answer in request.answers if is_right(answer.text, reference)}
        if request.mode == "score":
            (answer,) = request.answers
            grade = 10.0 if answer.answer_id in right else 1.0
            return Verdict(status="ok", scores=((answer.answer_id, grade),), model="reference")
        first = tuple(answer.answer_id for answer in request.answers if answer.answer_id in right)
        last = tuple(answer.answer_id for answer in request.answers if answer.answer_id not in right)
        return Verdict(status="ok", groups=tuple(group for group in (first, last) if group), model="reference")
