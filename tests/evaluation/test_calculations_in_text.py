"""Which calculations are found in a text, and which of them are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.evaluation.calculations_in_text import calculations, wrong_calculations


@pytest.mark.parametrize(
    "text",
    [
        "12 - 5 = 7",
        "So, 13/2 = 6.5 meters.",
        "100/3 = 33",
        "365 / 7 = 52",
        "6 / 5 = 1.2",
        "2 / 3 = 0.7",
        "100 / 3 = 33.33",
        "2 + 3 * 4 = 14",
        "x = 8 - 6 = 2",
        "$5 x 3 = $15",
        "12 candles / 6 candles = 2 candles.",
        "1,200 + 300 = 1,500",
        "8 - 12 = -4",
        "10 - 2 * 3 = 4",
        "12 × 3 = 36",
        r"$12 \times 3 = 36$",
        "Half of 48 apples is 24.",
        "a third of 10 is 3.33",
        "The difference between 6 and 14 is 8.",
        "The sum of 11 and 4 is 15, which is the age.",
        "The product of 7 days and $3 is $21",
        "12 minus 5 equals 7",
        "8 boxes divided by 2 people is 4 each",
    ],
)
def test_a_right_calculation_is_read_and_right(text):
    assert [each.is_right for each in calculations(text)] == [True]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("5 boxes * 5 boxes * 1 cookie per box = 10 cookies", "5 boxes * 5 boxes * 1 cookie per box = 10"),
        ("Half of 13 is 13/2 = 4.", "13/2 = 4"),
        ("4 * 3 = 12, so 12 / 3 = 5.", "12 / 3 = 5"),
        ("We divide 6 by 5: 6 / 5 = 1.", "6 / 5 = 1"),
        ("5 / 3 = 2 apples", "5 / 3 = 2"),
        ("17 / 16 = 1", "17 / 16 = 1"),
        ("The rest is 5 - 6 = 1", "5 - 6 = 1"),
        ("3 + 4 = 8\n- next", "3 + 4 = 8"),
        ("Half of 48 is 16, so 16 / 2 = 8", "Half of 48 is 16"),
        ("The product of 14 and 12 is 2.", "product of 14 and 12 is 2"),
        ("The difference between 13 and 3 is 1, so the rest", "difference between 13 and 3 is 1"),
        ("4 times 3 is 7", "4 times 3 is 7"),
    ],
)
def test_a_wrong_calculation_is_found(text, wrong):
    assert wrong_calculations("nothing here", text) == [wrong]


@pytest.mark.parametrize(
    "text",
    [
        "(2+3)*4 = 21",
        "50 * 20% = 1",
        "2^3 + 1 = 8",
        "a - 5 = 7",
        "5 / 0 = 3",
        "2 + 3 = 5 * 4",
        "x - 6 = 8 - x",
        "no number",
    ],
)
def test_what_cannot_be_read_is_not_judged(text):
    assert list(calculations(text)) == []


@given(
    numbers=st.lists(st.integers(1, 99), min_size=2, max_size=5),
    signs=st.lists(st.sampled_from("+-*"), min_size=4, max_size=4),
    off=st.integers(-3, 3),
)
def test_a_chain_is_right_exactly_if_python_says_so(numbers, signs, off):
    terms = " ".join(f"{number} {sign}" for number, sign in zip(numbers[:-1], signs, strict=False)) + f" {numbers[-1]}"
    result = eval(terms) + off
    assert [each.is_right for each in calculations(f"We get {terms} = {result}.")] == [off == 0]


@pytest.mark.parametrize("text", ["1 + " * 5000, "$1 a * " * 3000 + "=", "1 " + "word " * 5000, "1*" * 5000 + "1=3"])
def test_a_chain_that_never_ends_is_not_judged(text):
    assert list(calculations(text)) == []


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("12 - 5 = 7", "-"),
        ("2 + 3 × 4 = 14", "+*"),
        ("12 ÷ 3 = 4", "/"),
        ("4 x 3 = 12", "*"),
        ("a third of 9 is 3", "/"),
        ("4 plus 3 is 7", "+"),
    ],
)
def test_the_operations_of_a_calculation_are_told(text, signs):
    assert [each.signs for each in calculations(text)] == [set(signs)]
