"""The arm ``own_thought``: the model's own thought, closed, and the answer stem are forced."""

from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.records import Question


class OwnThought(Arm):
    """The answer that follows the model's own thought, in the form that the arms with other thoughts have."""

    name = "own_thought"
    forces_answer = True

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        return {question.question_id: Forced(thought=thoughts[question.question_id]) for question in questions}
