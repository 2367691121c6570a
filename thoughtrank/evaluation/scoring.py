"""Scores replies: by the reference answer, or by the scorer that a question source provides."""

from typing import ClassVar, Protocol

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.answer_extraction import claims
from thoughtrank.instantiate import Component


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


class ReferenceScorer(Component):
    """1 where the reply ends in the reference answer, else 0; see ``answer_comparison``."""

    version = 2

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """See ``Scorer``."""
        return float(is_right(reply, reference))


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
