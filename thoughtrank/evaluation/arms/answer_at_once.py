"""The arm ``answer_at_once``: an empty thought and the answer stem are forced, so that only the answer is left to write."""

from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.records import Question


class AnswerAtOnce(Arm):
    """No thought and no room to calculate."""

    name = "answer_at_once"
    forces_answer = True

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        return {question.question_id: Forced(thought="") for question in questions}
