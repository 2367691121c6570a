"""What rows give: the questions in their three parts, and what was found beside them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.records import Question


class LoadedQuestions(NamedTuple):
    """The usable questions of the rows.

    Attributes:
        train: training questions of all rounds, in order.
        development: development questions.
        test: test questions; may be more than are asked for.
        skipped_rows: rows that are left out, each with its position and the reason.
        conflicts: rows that repeat an earlier question with another answer, each with both.
        columns: that any row has.
    """

    train: list[Question]
    development: list[Question]
    test: list[Question]
    skipped_rows: list[str]
    conflicts: list[str]
    columns: set[str]


@dataclass(slots=True)
class ReadRows:
    """What was found in the rows that were read so far, beside their questions.

    Attributes:
        skipped: see ``LoadedQuestions``.
        conflicts: see ``LoadedQuestions``.
        columns: see ``LoadedQuestions``.
        first: question id to the name of the row that has it first, and the question.
    """

    skipped: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    first: dict[str, tuple[str, Question]] = field(default_factory=dict)

    def add(self, question: Question, *, name: str) -> None:
        """Add the question of one row.

        Raises:
            BadRowError: an earlier row has it.
        """
        if question.question_id not in self.first:
            self.first[question.question_id] = name, question
            return
        earlier, same = self.first[question.question_id]
        if None not in (question.answer, same.answer) and not _accepted(question) & _accepted(same):
            text = f"{name} ({question.text[:40]!r}: {question.answer!r}, but {same.answer!r} in {earlier})"
            self.conflicts.append(text)
        raise BadRowError(f"repeats the question of {earlier}")


def _accepted(question: Question) -> set[str | None]:
    return {question.answer, *question.accepted}
