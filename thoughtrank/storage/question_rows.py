"""The rows of a round's tables question by question, so that no table has to fit in memory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from thoughtrank.records import Question


class QuestionRow(Protocol):
    """A row that belongs to a question."""

    @property
    def question_id(self) -> str:
        """Of its question."""
        ...


RowT = TypeVar("RowT", bound=QuestionRow)


def rows_by_question(rows: Iterable[RowT]) -> Iterator[list[RowT]]:
    """The rows of one question after the other; every table has them together."""
    for _, of_question in groupby(rows, key=lambda row: row.question_id):
        yield list(of_question)


def rows_of_questions(questions: Sequence[Question], rows: Iterable[RowT]) -> Iterator[tuple[Question, list[RowT]]]:
    """Every question with its rows, possibly none.

    Args:
        questions: in the order of the table.
        rows: of the table.

    Raises:
        ValueError: the table has rows of another question, or in another order.
    """
    groups = rows_by_question(rows)
    following = next(groups, None)
    for question in questions:
        if following is not None and following[0].question_id == question.question_id:
            yield question, following
            following = next(groups, None)
        else:
            yield question, []
    if following is not None:
        raise ValueError(f"rows of question {following[0].question_id} are not where its question is")
