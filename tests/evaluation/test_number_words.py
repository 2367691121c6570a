import pytest

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.answer_extraction import first_answer
from thoughtrank.evaluation.number_words import with_digits


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        ("twelve", "12"),
        ("Twenty-one apples.", "21 apples."),
        ("one hundred and five", "105"),
        ("two thousand three hundred", "2300"),
        ("a hundred", "a hundred"),
        (" **forty** eggs", " **40** eggs"),
        ("about seven", "about 7"),
        ("twelve or thirteen", "12 or 13"),
        ("one of the five", "one of the five"),
        ("two-thirds", "two-thirds"),
        ("two thirds", "two thirds"),
        ("one that fits", "one that fits"),
        ("5 of the seven", "5 of the seven"),
        ("someone", "someone"),
    ],
)
def test_only_a_claim_that_begins_with_a_number_in_words_gets_digits(claim, shown):
    assert with_digits(claim) == shown


@pytest.mark.parametrize(
    ("reply", "reference", "right"),
    [
        ("The answer is twelve.", "12", True),
        ("5 + 7 is known. The answer is twelve.", "7", False),
        ("So:\nTwelve", "12", True),
        (r"\boxed{\text{twelve}}", "12", True),
        ("The answer is twelve or thirteen.", "12", False),
        ("The answer is twelve or thirteen.", "13", False),
        ("The answer is two-thirds.", "2", False),
        ("The answer is four.", "4", True),
        ("The answer is fourteen.", "4", False),
    ],
)
def test_a_number_in_words_is_an_answer(reply, reference, right):
    assert is_right(reply, reference) is right


def test_a_forced_answer_in_words_is_read():
    assert first_answer(" twelve apples.", "number") == "12"
    assert first_answer(" one of them.", "number") is None
