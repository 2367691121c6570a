import pytest

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.number_lists import number_list
from thoughtrank.evaluation.reference_kinds import understood

WORDINGS = [
    "The answer is {}.",
    "The answer is {}, because that follows from 36.",
    "**Answer:** {}",
    "Answer: {}\n",
    r"\boxed{{{}}}",
    "Some steps, such as 3 + 4 = 7.\n{}",
    "The answer is {}. I hope this helps!",
]


@pytest.mark.parametrize("wording", WORDINGS)
def test_numbers_in_their_order_are_right_with_any_separator(wording):
    for given in ("11; 12; 13", "11, 12, 13", "11, 12 and 13", "11, 12, and 13", "11,12,13"):
        assert is_right(wording.format(given), "11; 12; 13")
    for given in ("11; 12; 14", "12; 11; 13", "11; 12", "11; 12; 13; 14", "11 or 12 or 13", "11", "-11; 12; 13"):
        assert not is_right(wording.format(given), "11; 12; 13")


@pytest.mark.parametrize(
    ("reply", "reference", "right"),
    [
        (r"\boxed{1331, 1728}", "1331 and 1728", True),
        ("The answer is 1331 and 1728.", "1331 and 1728", True),
        ("The answer is 1728.", "1331 and 1728", False),
        (r"\boxed{1, 2, 3}", "1, 2, and 3", True),
        ("2 hours 30 minutes", "2 hours and 30 minutes", True),
        ("There are 30 girls and 15 boys.", "30 girls; 15 boys", True),
        ("There are 15 boys and 30 girls.", "30 girls; 15 boys", False),
        ("Ann is 5 years old and Tom is 15 years old.", "5 years old; 15 years old", True),
        ("The answer is 45 degrees; 45 degrees; 90 degrees.", "45 degrees; 45 degrees; 90 degrees", True),
        ("The answer is 6 cm and 15 cm.", "6 cm; 15 cm", True),
        ("The answer is 6 m and 15 m.", "6 cm; 15 cm", False),
        ("The answer is $210 and $6.", "210 dollars; 6 dollars", True),
        ("The answer is 1,000 and 2,000", "1000; 2000", True),
    ],
)
def test_words_between_the_numbers_do_not_count_but_other_units_do(reply, reference, right):
    assert is_right(reply, reference) == right


def test_a_list_of_numbers_is_a_short_text_however_long_it_is():
    text = "26 years old; 18 years old; 16 years old; 12 years old"
    assert understood(text).kind == "short_text"
    assert number_list(text)[1] == "18 years old"
    assert number_list("11") == number_list("red; blue") == number_list("11; blue") == ()
