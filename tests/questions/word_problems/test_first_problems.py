from itertools import islice

import pytest

from thoughtrank.questions.word_problems.first_problems import first_problems
from thoughtrank.questions.word_problems.splits import problems

SETTINGS = {"max_number": 12, "max_steps": 1, "seed": 3}


@pytest.mark.parametrize("split", ["train", "development", "test", "unseen"])
def test_they_are_those_of_the_split_whatever_was_asked_for_before(split):
    expected = list(islice(problems(split, **SETTINGS), 50))
    for count in (20, 50, 0, 7):
        assert first_problems(split, **SETTINGS, count=count) == expected[:count]


def test_there_are_no_more_than_the_split_has():
    everything = list(problems("development", max_number=10, max_steps=1, seed=0))
    found = first_problems("development", max_number=10, max_steps=1, seed=0, count=10**6)
    assert found == everything
    found.clear()
    assert first_problems("development", max_number=10, max_steps=1, seed=0, count=10**6) == everything


def test_other_seeds_have_other_training_problems():
    first, second = (first_problems("train", max_number=12, max_steps=1, seed=seed, count=30) for seed in (1, 2))
    assert first != second
