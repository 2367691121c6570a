"""The majority baseline: how often the most frequent reference answer is right, which takes no reading of the question."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from thoughtrank.evaluation.arms.protocol import SHORT_KINDS
from thoughtrank.evaluation.reference_kinds import normalised_answer, question_kind, understood
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.records import Question


class MajorityBaseline(NamedTuple):
    """What always giving one answer reaches.

    Attributes:
        answer: the most frequent reference answer; of equally frequent ones the first.
        accuracy: fraction of the questions that it is right for.
        n: number of questions.
    """

    answer: str
    accuracy: float
    n: int


def majority_baseline(questions: Sequence[Question], *, scorer: Scorer) -> MajorityBaseline | None:
    """The baseline of the questions that the short arms ask: those of trained families with a short reference answer.

    Args:
        questions: of the evaluation.
        scorer: which answers are right.

    Returns:
        None without such a question.
    """
    references = {
        each: each.answer
        for each in questions
        if each.answer is not None and not each.unseen and question_kind(each) in SHORT_KINDS
    }
    if not references:
        return None
    groups: dict[str, list[Question]] = defaultdict(list)
    for question, reference in references.items():
        groups[normalised_answer(reference)].append(question)
    first = max(groups.values(), key=len)[0]
    answer = understood(first.answer, first.answer_kind).text
    right = sum(
        scorer.score(answer, question_id=question.question_id, reference=reference) >= 1.0
        for question, reference in references.items()
    )
    return MajorityBaseline(answer=answer, accuracy=right / len(references), n=len(references))
