"""The arm ``thought``: the chat prompt only, nothing is forced."""

from collections.abc import Mapping, Sequence

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.records import Question, ReferenceKind


class Thought(Arm):
    """One free reply. One that opens no thought is its own answer; an unclosed thought is wrong."""

    name = "thought"
    forces_answer = False

    def applies(self, kind: ReferenceKind) -> bool:
        """Every question."""
        return True

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        return {question.question_id: Forced() for question in questions}
