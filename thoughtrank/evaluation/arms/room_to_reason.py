"""The arm ``room_to_reason``: an empty thought is forced, and the reply that follows is as long as the model likes."""

from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.records import Question, ReferenceKind


class RoomToReason(Arm):
    """A free reply after an empty thought: the model may calculate in its answer instead."""

    name = "room_to_reason"
    forces_answer = False

    def applies(self, kind: ReferenceKind) -> bool:
        """Every question."""
        return True

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        return {question.question_id: Forced(thought="") for question in questions}
