"""Whether a text names other operations than it calculates."""

import pytest

from thoughtrank.evaluation.named_operations import unperformed_operations


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("We divide the total by the boxes. So, 3 * 9 = 27 blocks.", ["/"]),
        ("Take away the 11 from the original 3.\n\nSo, Amina has 3 + 11 = 14 key rings.", ["-"]),
        ("The sum of the apples in each crate is 8. So, 8 * 6 = 48 apples.", ["+"]),
        ("Multiply and subtract: 4 + 5 = 9", ["-", "*"]),
        ("Half of the rope: the product of 2 and 6 is 12", ["/"]),
    ],
)
def test_an_operation_that_is_named_and_not_performed_is_found(text, signs):
    assert unperformed_operations(text) == signs


@pytest.mark.parametrize(
    "text",
    [
        "We subtract 5 from 12: 12 - 5 = 7",
        "Divide first, then add: 12 ÷ 3 = 4, and 4 + 1 = 5",
        "Multiply 4 boxes x 3 = 12",
        "Half of 12 is 6.",
        "The difference between 14 and 6 is 8.",
        "We divide the apples among the children.",  # calculates nothing that can be read
        "The total is 3 times as much: 3 * 4 = 12",  # everyday words name no operation
        "The address is 12 - 5 = 7",  # no word of its own
    ],
)
def test_a_text_that_calculates_what_it_says_names_nothing_else(text):
    assert unperformed_operations(text) == []
