from fractions import Fraction

import pytest

from thoughtrank.evaluation.arms.edited_thought import EditedThought, edited
from thoughtrank.evaluation.numbers_in_text import value_of
from thoughtrank.records import Question


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("3 * 13 = 39 pears. So 39, in all.", "3 * 13 = 39 pears. So ", ", in all."),
        ("It costs $3.50.", "It costs $", ".50."),
        ("It was -4 degrees", "It was -", " degrees"),
        ("3/4 of it", "", "/4 of it"),
    ],
)
def test_only_the_last_number_changes_and_keeps_its_form(text, before, after):
    edit = edited(text, taken=set(), seed="q")
    assert edit.text != text
    assert edit.text.startswith(before)
    assert edit.text.endswith(after)
    assert value_of(edit.number) is not None


def test_thousands_keep_their_separators():
    edit = edited("1,200 apples", taken=set(), seed="q")
    assert edit.text == f"{int(edit.number):,} apples"


def test_the_new_number_is_not_taken_and_depends_on_the_seed():
    taken = {Fraction(number) for number in range(13) if number != 8}
    assert edited("in all 5", taken=taken, seed="q") == ("in all 8", "8")
    everything = {Fraction(number) for number in range(30)}
    assert edited("in all 5", taken=everything, seed="q") == ("in all 30", "30")
    assert len({edited("in all 50", taken=set(), seed=str(seed)).number for seed in range(50)}) > 10


def test_a_thought_without_a_number_cannot_be_edited():
    assert edited("nice job, Marco", taken=set(), seed="q") is None
    questions = [Question("q", "2 * 6?", "12"), Question("p", "7 - 3?", "4")]
    thoughts = {"q": "2 * 6 = 12", "p": "nice job, Marco"}
    forced = EditedThought().forced(questions, thoughts=thoughts, num_tokens=len)
    assert forced.keys() == {"q"}
    assert forced["q"].thought == f"2 * 6 = {forced['q'].edit}"
    assert forced["q"].edit not in {"2", "6", "12"}


def test_it_applies_to_numbers_only():
    assert [
        kind for kind in ("number", "letter", "short_text", "free_text", "none") if EditedThought().applies(kind)
    ] == ["number"]
