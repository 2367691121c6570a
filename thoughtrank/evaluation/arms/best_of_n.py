"""The arm ``best_of_n``: the tokens of a thought spent on sampled answers without one, of which the most frequent counts."""

from collections import Counter
from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.evaluation.numbers_in_text import value_of
from thoughtrank.records import Question


class BestOfN(Arm):
    """Several sampled replies that begin as in ``answer_at_once``, and their majority vote."""

    name = "best_of_n"
    forces_answer = True
    needs = ("thought", "answer_at_once")

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        return {question.question_id: Forced(thought="") for question in questions}


def samples_for(*, thought_tokens: float, answer_tokens: float) -> int:
    """How many answers cost as many tokens as one reply with a thought; at least 1.

    Args:
        thought_tokens: mean of a reply in the arm ``thought``.
        answer_tokens: mean of a reply in the arm ``answer_at_once``.
    """
    return max(1, int(thought_tokens / max(answer_tokens, 1.0)))


def majority(answers: Sequence[str | None]) -> int | None:
    """Index of the first of the most frequent answers; among equally frequent ones, the one that came first.

    Answers are equal as numbers, or as texts regardless of case; None is no answer. None if there is no answer at all.
    """
    keys = [None if answer is None else _key(answer) for answer in answers]
    counts = Counter(key for key in keys if key is not None)
    return keys.index(counts.most_common(1)[0][0]) if counts else None


def _key(answer: str) -> str:
    value = value_of(answer)
    return answer.strip().casefold() if value is None else str(value)
