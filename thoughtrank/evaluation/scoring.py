"""How right a reply is: by the reference answer, or by the scorer that a question source brings along."""

from typing import Protocol

from thoughtrank.evaluation.answer_extraction import claims, is_right


class Scorer(Protocol):
    """Says how right a reply is. The reference judge and the evaluation use the same one."""

    def identity(self) -> dict[str, object]:
        """Everything that decides its scores, ready for JSON."""
        ...

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """From 0 to 1; only 1 counts as right.

        Args:
            reply: the whole answer text, thoughts taken away.
            question_id: which question it answers.
            reference: the question's reference answer.
        """
        ...


class ReferenceScorer:
    """1 where the reply ends in the reference answer, else 0."""

    def identity(self) -> dict[str, object]:
        """Only its name: the rule for "right" is part of the code."""
        return {"scorer": "reference"}

    def score(self, reply: str, *, question_id: str, reference: str) -> float:
        """See ``Scorer``."""
        return float(is_right(reply, reference))


def readings(reply: str) -> list[str]:
    """What a reply may be understood to answer, for scorers that expect the bare answer.

    All of it; the text of the last ``<answer>`` element; the boxed text; what follows the last "answer is"; the last line.
    """
    found = [reply.strip()]
    _, opened, rest = reply.rpartition("<answer>")
    if opened:
        found.append(rest.partition("</answer>")[0].strip())
    found.extend(claim.strip(" \t\r\n.*`\"'") for claim in claims(reply))
    return list(dict.fromkeys(each for each in found if each)) or [""]
