"""Scores replies: by the reference answer, or by the scorer that a question source provides or the config names."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, runtime_checkable

from thoughtrank.errors import UserError
from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.answer_extraction import claims
from thoughtrank.instantiate import Component
from thoughtrank.records import Question


class Scorer(Protocol):
    """Scores a reply. The reference judge and the evaluation use the same one.

    Attributes:
        version: part of ``identity``; raise it when the same settings give other scores.
    """

    version: ClassVar[int]

    def identity(self) -> dict[str, object]:
        """Everything that decides its scores, ready for JSON."""
        ...

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """From 0 to 1; only 1 counts as right.

        Args:
            reply: the whole answer text, without the thought.
            question_id: which question it answers.
            reference: the question's reference answer.
        """
        ...


@runtime_checkable
class ConfiguredScorer(Scorer, Protocol):
    """A scorer that ``questions.scorer`` names; one that inherits ``Component`` only has to define ``score``."""

    def faults(self) -> list[str]:
        """What the user has to fix before the run can start, one sentence each; cheap."""
        ...


class ReferenceScorer(Component):
    """1 where the reply ends in a reference answer, else 0; see ``answer_comparison``.

    Args:
        questions: with further accepted answers, or the kinds of their answers, by id; None where there are none.
    """

    version = 11
    operational = frozenset({"questions"})  # the stages' inputs have all fields of the questions

    def __init__(self, *, questions: Callable[[], Mapping[str, Question]] | None = None) -> None:
        self.questions = questions

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """See ``Scorer``."""
        question = self.questions().get(question_id) if self.questions is not None else None
        if question is None or question.answer != reference:
            return float(is_right(reply, reference))
        return float(any(is_right(reply, each, question.answer_kind) for each in (reference, *question.accepted)))


class AcceptedScorer:
    """A configured scorer, asked about every accepted answer of a question; the best score counts.

    Args:
        scorer: the one that the config names.
        questions: with further accepted answers, by id.
    """

    version: ClassVar[int] = 1

    def __init__(self, *, scorer: ConfiguredScorer, questions: Callable[[], Mapping[str, Question]]) -> None:
        self.scorer = scorer
        self.questions = questions

    def identity(self) -> dict[str, object]:
        """The configured scorer's, and how it is asked."""
        return {"component": type(self).__name__, "version": self.version, "scorer": self.scorer.identity()}

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """See ``Scorer``.

        Raises:
            UserError: the configured scorer gives no number from 0 to 1.
        """
        question = self.questions().get(question_id)
        more = () if question is None or question.answer != reference else question.accepted
        return max(self._score(reply, question_id=question_id, reference=each) for each in (reference, *more))

    def _score(self, reply: str, *, question_id: str, reference: str) -> float:
        score = self.scorer.score(reply, question_id=question_id, reference=reference)
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            raise UserError(
                f"questions.scorer: {type(self.scorer).__name__} gives {score!r} for the reply {reply[:40]!r}: a score is a "
                "number from 0 to 1"
            )
        return float(score)


def scorer_name(scorer: Scorer) -> str:
    """The class that decides what is right."""
    return type(scorer.scorer if isinstance(scorer, AcceptedScorer) else scorer).__name__


def readings(reply: str) -> list[str]:
    """The possible bare answers in a reply, for scorers that expect the bare answer.

    The whole reply; the text of the last ``<answer>`` element; the boxed text; what follows the last "answer is"; the last
    line.
    """
    found = [reply.strip()]
    _, opened, rest = reply.rpartition("<answer>")
    if opened:
        found.append(rest.partition("</answer>")[0].strip())
    found.extend(claim.strip(" \t\r\n.*`\"'") for claim in claims(reply))
    return list(dict.fromkeys(each for each in found if each)) or [""]
