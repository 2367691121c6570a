from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.evaluation.numbers_in_text import NUMBER, value, value_of, written
from thoughtrank.evaluation.plain_text import plain


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-3.5", Fraction(-7, 2)),
        ("−3", -3),
        ("$1,200", 1200),
        ("-$5", -5),
        ("1{,}000", 1000),
        (r"\$40", 40),
        ("2 1/2", Fraction(5, 2)),
        (r"\frac{3}{4}", Fraction(3, 4)),
        (r"1\frac12", Fraction(3, 2)),
        ("1e3", 1000),
        ("**7**", 7),
        ("12 apples", 12),
        ("50 %", 50),
        ("60 km/h.", 60),
    ],
)
def test_a_text_that_is_one_number(text, number):
    assert value_of(text) == number


@pytest.mark.parametrize("text", ["", "five", "3 and 4", "x = 3", "3 < 4", "1/0", "1.2.3", "7" * 300, "v2"])
def test_a_text_that_is_not_one_number(text):
    assert value_of(text) is None


@given(st.integers(-(10**12), 10**12), st.integers(0, 999))
def test_a_decimal_is_read_back(whole, thousandths):
    text = f"{whole:,}.{thousandths:03}"
    sign = -1 if whole < 0 else 1
    assert value_of(text) == sign * (abs(whole) + Fraction(thousandths, 1000))


@given(st.integers(-999, 999), st.integers(1, 999))
def test_a_fraction_is_read_back(over, under):
    assert value_of(f"{over}/{under}") == Fraction(over, under)


def test_what_is_written_has_the_same_value():
    for text in ("$1,234.50", "-7", "2 1/2", "€3/4"):
        match = NUMBER.search(plain(text))
        assert value_of(written(match)) == value(match)


def test_numbers_inside_words_and_longer_numbers_are_not_found():
    found = [match.group() for match in NUMBER.finditer("a1 x_2 v1.2.3 10 apples at 4.50")]
    assert found == ["10", "4.50"]


def test_plain_removes_marks_but_not_operators():
    assert plain("**12**") == "12"
    assert plain("2**3") == "2**3"
    assert plain(r"3 \times 4") == "3 * 4"
