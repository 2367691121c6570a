"""What is said where rows lack the column with the question."""

import pytest

from thoughtrank.questions.rows.question_column import columns_text, question_column_fix


def test_columns_with_a_value_are_named_whatever_it_is():
    assert columns_text({"id": 0, "text": "", "turns": [], "none": None}) == " (it has id, text, turns)"
    assert columns_text({"none": None}) == columns_text({}) == ""


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        (["answer", "text", "prompt"], "prompt"),
        (["Query"], "Query"),
        (["question", "prompt"], "question"),
        (["frage"], None),
        ([], None),
    ],
)
def test_the_likeliest_column_is_proposed(columns, proposed):
    said = question_column_fix(columns)
    assert said.startswith("set questions.question_column to the column with the question")
    assert said.partition("questions.question_column=")[2] == (proposed or "")
