"""The arm ``filler_thought``: neutral text as long as the model's own thought is forced in its place."""

from collections.abc import Mapping, Sequence
from itertools import cycle

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.records import Question

_WORDS = (
    "Let me think about this for a moment. I read the question again, slowly and with care, from the beginning to the end. "
    "It is a question like many others, and there is enough time to think about it in peace. So I take my time, and I go "
    "through it word by word, because it is good to be careful with a question, and it is good to have time. Then I think "
    "about it some more, and I wait until I am sure. "
)


class FillerThought(Arm):
    """As many tokens as the own thought has, and nothing in them that bears on the question."""

    name = "filler_thought"
    forces_answer = True
    needs = ("own_thought",)

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        lengths = {each.question_id: num_tokens(thoughts[each.question_id]) for each in questions}
        texts = fillers(max(lengths.values(), default=0), num_tokens=num_tokens)
        return {question_id: Forced(thought=texts[length]) for question_id, length in lengths.items()}


def fillers(most: int, *, num_tokens: NumTokens) -> list[str]:
    """Neutral texts of 0 to ``most`` tokens.

    Each ends after a whole word, so one whose length falls inside a word is as much shorter.
    """
    texts, text = [""], ""
    for word in cycle(_WORDS.split()):
        if len(texts) > most:
            break
        longer = f"{text} {word}" if text else word
        # The texts up to the length of this one hold the words before it.
        texts += [text] * max(num_tokens(longer) - len(texts), 0) + [longer]
        text = longer
    return texts[: most + 1]
