"""Chooses the calls that the audit repeats with the answers in reverse order, without keeping any call."""

import math
from array import array
from hashlib import sha256

from thoughtrank.judging.protocol import JudgeRequest


class SwapSample:
    """A fraction of the rankings, rounded up, chosen by hash. In memory a ranking takes 16 bytes.

    Args:
        fraction: of the rankings that are added.
    """

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction
        self._hashes = array("Q")
        self._questions = array("Q")

    def add(self, request: JudgeRequest, *, question: int) -> None:
        """Add one ranking about the question with this number."""
        self._hashes.append(_hash(request))
        self._questions.append(question)

    def chosen(self) -> "ChosenSwaps":
        """The choice among what was added so far; it does not depend on the order."""
        count = math.ceil(self.fraction * len(self._hashes))
        if not count:
            return ChosenSwaps(questions=frozenset(), highest=-1)
        highest = sorted(self._hashes)[count - 1]
        pairs = zip(self._hashes, self._questions, strict=True)
        return ChosenSwaps(
            questions=frozenset(question for each, question in pairs if each <= highest), highest=highest
        )


class ChosenSwaps:
    """Contains the requests that were chosen.

    Args:
        questions: the numbers of the questions that they are about.
        highest: hash of a chosen request.
    """

    def __init__(self, *, questions: frozenset[int], highest: int) -> None:
        self.questions = questions
        self._highest = highest

    def __contains__(self, request: JudgeRequest) -> bool:
        return _hash(request) <= self._highest


def _hash(request: JudgeRequest) -> int:
    return int.from_bytes(sha256(f"{request.question_id}/{request.seed}".encode()).digest()[:8], "big")
