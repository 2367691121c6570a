"""Where a thought states its answer: never inside a longer number, and at its result where it is an operand too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.gains.answer_statement import find_statement


def before(thought, answer, *, kind="number", question=""):
    """The thought up to the statement, and the statement; None where there is none."""
    found = find_statement(thought, answer, kind=kind, question=question)
    if found is None:
        return None
    assert thought[found.start :].replace("\u2212", "-").startswith(found.text)
    return thought[: found.start], found.text


@pytest.mark.parametrize(
    ("thought", "answer", "expected"),
    [
        ("13 * 3 = 39.", "39", ("13 * 3 = ", "39")),
        ("9. The answer is 9.", "9", ("", "9")),
        ("I add. The answer is 12, 12.", "12", ("I add. The answer is ", "12")),
        # Never inside a longer number.
        ("36 and 3.5 and 13, so 3", "3", ("36 and 3.5 and 13, so ", "3")),
        ("1,200 - 1,000 = 200", "200", ("1,200 - 1,000 = ", "200")),
        ("It is 36.", "3", None),
        ("v1.3 and x3", "3", None),
        # As an operand it is not stated yet.
        ("12 * 1 = 12", "12", ("12 * 1 = ", "12")),
        ("12 + 4 = 16, and 16 - 4 = 12", "12", ("12 + 4 = 16, and 16 - 4 = ", "12")),
        ("3 apples + 12 apples - 3 apples = 12", "12", ("3 apples + 12 apples - 3 apples = ", "12")),
        ("12 + 3 = 15", "12", None),
        ("5 * 1. The answer is 5.", "5", ("5 * 1. The answer is ", "5")),
        ("6 + 6 = 12, and 12 * 3 = 36", "36", ("6 + 6 = 12, and 12 * 3 = ", "36")),
        # Stated first and used as an operand later.
        ("3 * 4 = 12. 12 + 0 = 12", "12", ("3 * 4 = ", "12")),
        # Fractions are written as such.
        ("48/4 = 12", "12", ("48/4 = ", "12")),
        ("It is 1/2.", "1/2", ("It is ", "1/2")),
        ("It is 0.5.", "1/2", ("It is ", "0.5")),
        # Signs, currency, units, values.
        ("5 - 8 = -3", "-3", ("5 - 8 = ", "-3")),
        ("5 \u2212 8 = \u22123", "-3", ("5 \u2212 8 = ", "-3")),
        ("It costs $12.00 now", "$12", ("It costs $", "12.00")),
        ("The total is 1,200 apples", "1200 apples", ("The total is ", "1,200")),
        ("On the 3rd day", "3", None),
        ("", "3", None),
    ],
)
def test_a_number_is_stated_where_it_is_first_the_result(thought, answer, expected):
    assert before(thought, answer) == expected


def test_a_number_that_only_repeats_the_question_is_stated_by_its_result():
    question = "Tom has 12 apples, gives 4 away and gets 4. How many has he?"
    thought = "Tom has 12 apples. 12 - 4 = 8. 8 + 4 = 12."
    assert before(thought, "12", question=question) == ("Tom has 12 apples. 12 - 4 = 8. 8 + 4 = ", "12")
    assert before(thought, "12") == ("Tom has ", "12")
    assert before("12. The answer is 12.", "12", question=question) == ("", "12"), "a guess is not a result"


@pytest.mark.parametrize(
    ("thought", "answer", "kind", "expected"),
    [
        ("Paris is the capital.", "paris", "short_text", ("", "Paris")),
        ("The Parisians say New\n York", "new york", "short_text", ("The Parisians say ", "New\n York")),
        ("comparison", "Paris", "short_text", None),
        ("A train leaves. So the answer is B.", "B", "letter", ("A train leaves. So the answer is ", "B")),
        ("A train leaves early", "A", "letter", None),
        ("so (C) fits", "(C)", "letter", ("so (", "C")),
        ("Option D is best", "D)", "letter", ("Option ", "D")),
        ("I choose\nA", "A.", "letter", ("I choose\n", "A")),
        ("Any long text", "Any long text", "free_text", None),
        ("Any long text", "", "none", None),
    ],
)
def test_letters_and_short_texts_are_whole_words(thought, answer, kind, expected):
    assert before(thought, answer, kind=kind) == expected


def test_a_text_that_the_question_contains_is_stated_by_its_last_occurrence():
    question = "Who is older, Tom or Ann?"
    thought = "Tom is 3 and Ann is 4, so it is Ann."
    assert before(thought, "Ann", kind="short_text", question=question) == ("Tom is 3 and Ann is 4, so it is ", "Ann")
    options = "Which is it? A) 3 B) 4"
    thought = "A) 3 is less than B) 4, so the answer is A."
    assert before(thought, "A", kind="letter", question=options) == ("A) 3 is less than B) 4, so the answer is ", "A")


WORDS = st.lists(
    st.sampled_from(
        ["12", "3", "36", "= ", "+", "*", "-", "so", ".", ",", "$", "apples", "is", "1,200", "0.3", "/", "\n"]
    ),
    max_size=14,
).map(" ".join)


@given(thought=WORDS, answer=st.sampled_from(["3", "12", "36", "1200", "0.3"]), question=WORDS)
def test_what_comes_before_a_first_result_never_states_the_answer(thought, answer, question):
    found = find_statement(thought, answer, kind="number", question=question)
    if found is None:
        return
    assert thought.startswith(found.text, found.start)
    assert float(found.text.replace(",", "")) == float(answer)
    neighbours = thought[max(0, found.start - 1) : found.start] + thought[found.start + len(found.text) :][:1]
    assert not any(each.isdigit() for each in neighbours)
    earlier = find_statement(thought[: found.start], answer, kind="number", question=question)
    if earlier is not None:
        # Only where the number was given, as an operand or by the question, may it have been seen before.
        given = find_statement(question, answer, kind="number", question="") is not None
        assert given or thought[: found.start].rstrip().rstrip("$").rstrip().endswith("=")


@given(thought=st.text(max_size=80), answer=st.text(max_size=10), kind=st.sampled_from(["short_text", "letter"]))
def test_any_text_is_searched_without_an_error(thought, answer, kind):
    if answer.strip() and (kind == "short_text" or any(each.isalpha() for each in answer)):
        found = find_statement(thought, answer.strip(), kind=kind, question=thought)
        assert found is None or thought.startswith(found.text, found.start)
