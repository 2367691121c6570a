from decimal import Decimal

import pytest

from thoughtrank.questions.rows.bad_row import BadRowError
from thoughtrank.questions.rows.row_to_question import digest, row_to_question


def question_of(answer_after=None, **values):
    return row_to_question(
        values, question_column="q", answer_column="a", family_column="f", source="mine", answer_after=answer_after
    )


def test_text_is_stripped_and_decides_the_id():
    question = question_of(q=" How many? ", a=" 3 ", f=" sums ")
    assert (question.text, question.answer, question.family, question.unseen) == ("How many?", "3", "sums", False)
    assert question.question_id == f"mine-{digest('How many?')[:12]}" == question_of(q="How many?", a="4").question_id


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (2.50, "2.5"),
        (Decimal("1.50"), "1.5"),
        (10**30, "1" + "0" * 30),
        ("", None),
        (6.400000095367432, "6.4"),  # 6.4 as Parquet stores it with 32 bits
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "true"),
    ],
)
def test_numbers_are_written_in_plain_decimal_notation(value, plain):
    assert question_of(q="Q?", a=value).answer == plain


def test_the_answer_can_be_the_end_of_its_field():
    assert question_of("####", q="Q?", a="3 #### + 4 #### 7 ").answer == "7"
    for answer in ("seven", "7 ####  "):
        with pytest.raises(BadRowError, match="no answer after '####' in 'a'"):
            question_of("####", q="Q?", a=answer)
    assert question_of("####", q="Q?").answer is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "no 'q'"),
        ({"q": 7}, "'q' is not a string"),
        ({"q": " "}, "'q' is empty"),
        ({"q": "\ud800"}, "'q' contains half of a character"),
        ({"q": "Q?", "a": {"b": 1}}, "'a' is neither a string nor a number"),
        ({"q": "Q?", "a": float("inf")}, "'a' is not a finite number"),
        ({"q": "Q?", "f": [1]}, "'f' is neither a string nor a number"),
    ],
)
def test_an_unusable_row_is_reported_with_its_column(values, reason):
    with pytest.raises(BadRowError, match=reason):
        question_of(**values)


def test_a_list_has_all_accepted_answers():
    question = question_of(q="Q?", a=[12, "a dozen", "12", None])
    assert (question.answer, question.accepted) == ("12", ("a dozen",))
    question = question_of(q="Q?", answers=["yes", True])
    assert (question.answer, question.accepted) == ("yes", ("true",))
    assert question_of(q="Q?", a="no", answers=["yes"]).answer == "no"
    assert question_of(q="Q?", a=[]).answer is None


def test_a_question_in_several_columns_is_joined():
    row = {"Body": " There are 5. ", "Question": "How many?", "more": ""}
    question = row_to_question(
        row,
        question_column=["Body", "Question", "more", "missing"],
        answer_column="a",
        family_column="f",
        source="mine",
    )
    assert question.text == "There are 5.\nHow many?"
    with pytest.raises(BadRowError, match="no 'Body'"):
        row_to_question(
            {"Question": "How many?"},
            question_column=["Body", "Question"],
            answer_column="a",
            family_column="f",
            source="mine",
        )
