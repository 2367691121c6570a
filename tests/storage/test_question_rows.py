from dataclasses import dataclass

import pytest

from thoughtrank.records import Question
from thoughtrank.storage.question_rows import rows_by_question, rows_of_questions


@dataclass(frozen=True)
class Row:
    question_id: str
    number: int


QUESTIONS = [Question(name, "?") for name in "abc"]


def test_rows_come_question_by_question():
    rows = [Row("a", 0), Row("a", 1), Row("c", 2)]
    assert list(rows_by_question(rows)) == [rows[:2], rows[2:]]
    assert list(rows_by_question([])) == []


def test_a_question_without_rows_has_none():
    rows = [Row("a", 0), Row("c", 1)]
    assert list(rows_of_questions(QUESTIONS, rows)) == [
        (QUESTIONS[0], [rows[0]]),
        (QUESTIONS[1], []),
        (QUESTIONS[2], [rows[1]]),
    ]
    assert [found for _, found in rows_of_questions(QUESTIONS, [])] == [[], [], []]


@pytest.mark.parametrize("names", ["abcd", "ba", "aba"])
def test_rows_of_another_question_or_in_another_order_are_an_error(names):
    with pytest.raises(ValueError, match="rows of question"):
        list(rows_of_questions(QUESTIONS, [Row(name, 0) for name in names]))


def test_rows_are_read_as_they_are_needed():
    def endless():
        number = 0
        while True:
            yield Row(f"q{number // 2}", number)
            number += 1

    groups = rows_by_question(endless())
    assert [next(groups), next(groups)] == [[Row("q0", 0), Row("q0", 1)], [Row("q1", 2), Row("q1", 3)]]
