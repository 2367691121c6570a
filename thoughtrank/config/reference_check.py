"""The check before a run whether each reference answer would score as right if a reply stated just that."""

from thoughtrank.config.components import Components
from thoughtrank.evaluation.reference_kinds import understood
from thoughtrank.evaluation.scoring import AcceptedScorer, ReferenceScorer, Scorer
from thoughtrank.questions.protocol import QuestionSource

_MOST = 0.1
"""Fraction of reference answers that may never be right."""


def scores_any_question(scorer: Scorer | None) -> bool:
    """Whether a source's scorer also scores questions that are not the source's."""
    return scorer is None or isinstance(scorer, ReferenceScorer | AcceptedScorer)


def unscorable(questions: QuestionSource) -> list[str]:
    """The reference answers of the first round and of the held-out sets that no reply can match, each as it is understood.

    A source with rules of its own for scoring is not checked.
    """
    return _checked(questions)[0]


def unscorable_faults(components: Components) -> list[str]:
    """A fault where more than a tenth of the reference answers can never be right."""
    found, number = _checked(components.questions)
    if len(found) <= _MOST * number:
        return []
    return [
        f"{len(found):,} of {number:,} reference answers can never be right, such as {'; '.join(found[:3])}: correct them, or "
        "set questions.answer_column, questions.answer_after or questions.answer_kind, so that they are read as they are meant"
    ]


def _checked(questions: QuestionSource) -> tuple[list[str], int]:
    scorer = questions.scorer or ReferenceScorer()
    if not isinstance(scorer, ReferenceScorer):
        return [], 0
    found, number = [], 0
    # Many questions have the same answer, and only a scorer of the source's own may look at the question.
    is_possible: dict[tuple[object, ...], bool] = {}
    own = type(scorer) is not ReferenceScorer
    for question in (*questions.train(1), *questions.evaluation(), *questions.development()):
        answer = question.answer
        if answer is None:
            continue
        number += 1
        read_as = (answer, question.answer_kind, question.accepted, question.question_id if own else None)
        if read_as not in is_possible:
            replies = (f"The answer is {answer}.", answer)
            scores = (scorer.score(each, question_id=question.question_id, reference=answer) for each in replies)
            is_possible[read_as] = any(score >= 1 for score in scores)
        if not is_possible[read_as]:
            kind = understood(answer, question.answer_kind).kind.replace("_", " ")
            taken = "nothing" if kind == "none" else f"a {kind}"
            found.append(f"{answer[:80]!r} of question {question.text[:40]!r}, taken as {taken}")
    return found, number
