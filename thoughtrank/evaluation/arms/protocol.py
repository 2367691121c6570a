"""What every arm of an evaluation is: the same held-out questions and prompt, with a beginning of the reply of its own.

Arms are pure: the evaluation stage generates, an arm states what is forced. They import no engine and no tokenizer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from thoughtrank.records import Question, ReferenceKind

ArmName = Literal[
    "thought",
    "answer_at_once",
    "own_thought",
    "swapped_thought",
    "edited_thought",
    "filler_thought",
    "room_to_reason",
    "best_of_n",
]

SHORT_KINDS: frozenset[ReferenceKind] = frozenset({"number", "letter", "yes_no", "formula", "short_text"})
"""References that a forced answer of a few tokens can state."""

NumTokens = Callable[[str], int]
"""Length of a text in tokens of the model."""


@dataclass(frozen=True, slots=True)
class Forced:
    """What is forced at the start of the reply to one question.

    Attributes:
        thought: text of a closed thought, possibly empty; None forces nothing.
        source: id of the question that the thought was generated for, where it is another one.
        edit: the number that the thought states in place of the model's own.
    """

    thought: str | None = None
    source: str | None = None
    edit: str | None = None


class Arm(Protocol):
    """One arm.

    Attributes:
        name: in the config, in the tables and in the summary.
        version: raise it when the same questions and thoughts give something else to force, or another reading.
        forces_answer: the answer stem is forced too, the reply is short, and the first answer in it counts. Otherwise the
            reply is a free one, and its final answer counts.
        needs: arms whose replies to all questions it is made from.
    """

    name: ClassVar[ArmName]
    version: ClassVar[int] = 1
    forces_answer: ClassVar[bool]
    needs: ClassVar[tuple[ArmName, ...]] = ()

    def applies(self, kind: ReferenceKind) -> bool:
        """Whether a question with a reference of this kind can be asked in this arm."""
        return kind in SHORT_KINDS

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """What is forced, by question id; a question without an entry is left out.

        Depends on the questions and thoughts only: it is the same in every round, under every seed of the run.

        Args:
            questions: those that the arm applies to. An arm that needs others gets all of the evaluation, any other arm may
                get a part of them.
            thoughts: question id to the model's own thought.
            num_tokens: counts tokens.
        """
        ...
