"""What is found in rows beside their questions: repetitions, and other answers to the same question."""

import pytest

from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.loaded_questions import ReadRows
from thoughtrank.records import Question


def question(answer, *, accepted=()):
    return Question(question_id="one", text="Why?", answer=answer, accepted=accepted)


def test_a_question_is_added_once_and_the_row_that_has_it_is_named():
    found = ReadRows()
    found.add(question("7"), name="rows.jsonl:1")
    with pytest.raises(BadRowError, match=r"repeats the question of rows\.jsonl:1"):
        found.add(question("7"), name="rows.jsonl:2")
    assert list(found.first) == ["one"]


@pytest.mark.parametrize(
    ("repeated", "conflicts"),
    [
        (question("7"), 0),
        (question(None), 0),
        (question("8", accepted=("7",)), 0),
        (question("8"), 1),
    ],
)
def test_another_answer_is_a_conflict_unless_one_is_missing_or_both_accept_one(repeated, conflicts):
    found = ReadRows()
    found.add(question("7"), name="rows.jsonl:1")
    with pytest.raises(BadRowError):
        found.add(repeated, name="rows.jsonl:2")
    assert found.conflicts == ["rows.jsonl:2 ('Why?': '8', but '7' in rows.jsonl:1)"] * conflicts
