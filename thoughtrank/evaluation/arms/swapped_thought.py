"""The arm ``swapped_thought``: the thought of a question with another answer is forced in place of the model's own."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.evaluation.reference_kinds import normalised_answer
from thoughtrank.records import Question


class SwappedThought(Arm):
    """A derangement: every thought is used once, and never for a question with the reference answer of its own.

    Where one answer is that of more than half of the questions there is none; some questions with this answer are left out
    then.
    """

    name = "swapped_thought"
    forces_answer = True
    needs = ("own_thought",)

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        sources = derangement({question.question_id: normalised_answer(question.answer) for question in questions})
        return {question_id: Forced(thought=thoughts[source], source=source) for question_id, source in sources.items()}


def derangement(answers: Mapping[str, str]) -> dict[str, str]:
    """For every id another one with another answer, each used once; the order is pseudo-random.

    The ids lie in a circle, equal answers next to each other; each gets the id that is as many positions further as the most
    frequent answer has ids.

    Args:
        answers: id to answer.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for each in sorted(answers, key=_digest):
        groups[answers[each]].append(each)
    if not groups:
        return {}
    largest = max(groups.values(), key=len)
    # More than this have no partner.
    del largest[len(answers) - len(largest) :]
    circle = [each for answer in sorted(groups, key=_digest) for each in groups[answer]]
    step = max(map(len, groups.values()))
    return {each: circle[(index + step) % len(circle)] for index, each in enumerate(circle)}


def _digest(text: str) -> str:
    return hashlib.sha256(f"swapped/{text}".encode()).hexdigest()
