import pytest

from thoughtrank.evaluation.numbers_in_text import value_of
from thoughtrank.evaluation.plain_text import plain, with_plain_signs


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("１２．５ ％", "12.5 %"),
        ("١٢٫٥", "12.5"),
        ("१२", "12"),
        ("（Ｂ）", "(B)"),
        ("3 − 5", "3 - 5"),
    ],
)
def test_digits_and_signs_of_other_scripts_keep_their_places(text, shown):
    assert with_plain_signs(text) == shown
    assert len(shown) == len(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1'000", 1000),
        ("1’234’567.5", 1234567.5),
        ("1_000", 1000),
        ("1.000.000", 1000000),
        ("1.000.000,5", 1000000.5),
        ("1.234,50", 1234.5),
        ("€1.234,50", 1234.5),
        (",5", 0.5),
        ("minus 5", -5),
        ("Negative 2.5", -2.5),
        ("3 × 10^4", 30000),
        (r"3 \times 10^{-2}", 0.03),
        ("6.02 x 10²³", 6.02e23),
        ("1.000", 1),
        ("1,000", 1000),
        ("1,5", None),
        ("5'11", None),
        ("1.2.3", None),
        ("192.168.1.20", None),
    ],
)
def test_a_number_is_read_as_other_countries_and_sciences_write_it(text, number):
    found = value_of(text)
    assert (None if found is None else float(found)) == number


@pytest.mark.parametrize("text", ["8 minus 5 is 3", "3, 4, 5", "pages 1.5,2.5", "2 * 10 = 20", "52_8", "a ,5"])
def test_what_is_no_such_number_stays(text):
    assert plain(text) == text
