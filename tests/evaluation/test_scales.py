"""A number with a word that scales it is right for the scaled number, and for the same words, but for no other scale."""

import pytest

from thoughtrank.evaluation.answer_comparison import is_right

SAME = [
    ("The answer is 1.5 million.", "1500000"),
    ("The answer is 1500000.", "1.5 million"),
    ("$1.5 million", "$1,500,000"),
    ("1500 thousand", "1.5 million"),
    ("2 dozen eggs", "24"),
    ("5 million people", "5"),
    ("5", "5 million"),
    ("1.5 Million", "1.5 million"),
]
DIFFERENT = [
    ("1.5 billion", "1.5 million"),
    ("The answer is 1.5 thousand.", "1500000"),
    ("3 dozen", "24"),
    ("150000", "1.5 million"),
    ("24 dozen", "2 dozen"),
]


@pytest.mark.parametrize(("reply", "reference"), SAME)
def test_the_same_number_is_right(reply, reference):
    assert is_right(reply, reference)


@pytest.mark.parametrize(("reply", "reference"), DIFFERENT)
def test_another_number_is_wrong(reply, reference):
    assert not is_right(reply, reference)
