import pytest

from thoughtrank.prefixes.earlier_run import GenuineThought
from thoughtrank.prefixes.openers import Opener, first_words, mine_openers

THOUGHTS = [
    GenuineThought(question_id=question, thought=thought)
    for question, thought in (
        ("q1", "We add 3"),
        ("q1", "We add 3 again"),
        ("q1", "So it is 3"),
        ("q2", "We add 4"),
        ("q2", "So was 4"),
        ("q3", "There are 5"),
        ("q4", "There are 6"),
        ("q5", "There are 7"),
    )
]


def test_openers_come_with_their_wins_and_with_what_they_add():
    assert mine_openers(THOUGHTS, words=2, min_questions=2, count=9, prefix_set="mined") == [
        Opener(prefix_set="mined", opener="There are", wins=3, questions=3, adds=3),
        Opener(prefix_set="mined", opener="We add", wins=3, questions=2, adds=2),
    ]
    [_, _, last] = mine_openers(THOUGHTS, words=1, min_questions=2, count=9)
    # Of equal ones the first in the alphabet comes first, and the other adds nothing.
    assert (last.opener, last.questions, last.adds) == ("We", 2, 0)


def test_the_order_of_the_thoughts_changes_nothing():
    settings = {"words": 1, "min_questions": 1, "count": 2}
    assert mine_openers(reversed(THOUGHTS), **settings) == mine_openers(THOUGHTS, **settings)


def test_longer_openers_than_allowed_are_left_out():
    found = mine_openers(THOUGHTS, words=2, min_questions=1, count=9, most_bytes=6)
    assert {each.opener for each in found} == {"We add", "So it", "So was"}


@pytest.mark.parametrize(
    ("thought", "count", "words"),
    [
        ("There are 12 apples", 2, "There are"),
        ("  So  we add", 2, "So  we"),
        ("There are", 2, None),
        ("12", 1, None),
        ("", 1, None),
        ("3 <= 4 holds", 2, None),
        ("5 mor\ufffd apples", 2, None),
    ],
)
def test_the_first_words_leave_something_to_think(thought, count, words):
    assert first_words(thought, count=count) == words
