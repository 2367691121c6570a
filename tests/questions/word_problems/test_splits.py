from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.questions.word_problems.splits import TRAINED, UNSEEN, Problem, problems, split_of

SETTINGS = [(max_number, max_steps) for max_number in range(10, 101) for max_steps in (1, 2)]
SPLITS = ("train", "development", "test")


def first(split, count, *, max_number=14, max_steps=1, seed=0):
    return list(islice(problems(split, max_number=max_number, max_steps=max_steps, seed=seed), count))


@pytest.mark.parametrize("max_steps", [1, 2])
def test_every_setting_has_a_thousand_different_test_problems(max_steps):
    for max_number in range(10, 101):
        found = first("test", 1000, max_number=max_number, max_steps=max_steps)
        assert len({problem.name for problem in found}) == 1000, max_number


@pytest.mark.parametrize(("max_number", "max_steps"), SETTINGS[:6])
def test_every_setting_has_room_for_training_and_development(max_number, max_steps):
    assert len(first("train", 2400, max_number=max_number, max_steps=max_steps)) == 2400
    assert len({each.name for each in first("development", 750, max_number=max_number, max_steps=max_steps)}) == 750


def test_four_rounds_of_160_questions_are_nearly_balanced_over_the_families():
    counts = Counter(problem.family.name for problem in first("train", 640))
    assert len(counts) == 15
    assert max(counts.values()) <= 50
    assert min(counts.values()) >= 25


@given(
    st.sampled_from(TRAINED + UNSEEN),
    st.lists(st.integers(2, 500), min_size=2, max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_split_ignores_the_order_of_the_numbers(family, numbers, rng):
    other = list(numbers)
    rng.shuffle(other)
    one, two = Problem(family, tuple(numbers)), Problem(family, tuple(other))
    assert (one.name, split_of(one)) == (two.name, split_of(two))
    assert (split_of(one) == "unseen") == (family in UNSEEN)


def test_a_third_is_for_test_and_half_for_training():
    names = {split: {each.name for each in first(split, 10**5)} for split in SPLITS}
    total = sum(map(len, names.values()))
    shares = {split: len(each) / total for split, each in names.items()}
    assert shares == pytest.approx({"train": 1 / 2, "development": 1 / 6, "test": 1 / 3}, abs=0.02)


@settings(max_examples=10, deadline=None)
@given(st.integers(), st.integers(), st.integers(10, 30), st.integers(1, 2))
def test_splits_are_disjoint_and_only_training_depends_on_the_seed(seed, other, max_number, max_steps):
    choice = {"max_number": max_number, "max_steps": max_steps}
    names = [{each.name for each in first(split, 1000, **choice, seed=seed)} for split in SPLITS]
    assert len(set.union(*names)) == sum(map(len, names))
    for split in ("test", "development", "unseen"):
        assert first(split, 100, **choice, seed=seed) == first(split, 100, **choice, seed=other)
    if seed != other:
        assert first("train", 100, **choice, seed=seed) != first("train", 100, **choice, seed=other)


@pytest.mark.parametrize("split", [*SPLITS, "unseen"])
def test_all_problems_come_once_and_new_ones_first(split):
    found = first(split, 10**5, max_number=10)
    assert len({(each.family.name, each.numbers) for each in found}) == len(found)
    assert all(split_of(each) == split for each in found)
    names = [each.name for each in found]
    if split != "train":
        assert len(set(names[: len(set(names))])) == len(set(names)) < len(names)


def test_families_take_turns_and_the_rest_comes_from_those_that_have_problems_left():
    found = [problem.family.name for problem in first("test", 1495, max_number=10)]
    assert set(Counter(found[:75]).values()) == {5}
    assert set(found[-500:]) == {"clock_time"}
