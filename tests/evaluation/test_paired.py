import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.evaluation.paired import holm, mcnemar, paired_difference, paired_difference_over_seeds


def outcomes(text):
    """Question ids counted from 0; ``+`` is right."""
    return {f"q{number}": mark == "+" for number, mark in enumerate(text)}


def difference(first, second, *, problems=None, seed=0):
    return paired_difference(outcomes(first), outcomes(second), problems=problems or {}, seed=seed)


# McNemar and Holm against known values.


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        # M. P. Fay, Two-sided exact tests and matching confidence intervals for discrete data, R Journal 2 (2010): 0.06543.
        (9, 2, 0.06543),
        # By hand: 2 (1 + 10) / 2^10.
        (1, 9, 22 / 1024),
        (0, 6, 2 / 64),
        (5, 5, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_gives_the_known_values(only_first, only_second, p_value):
    assert mcnemar(only_first, only_second) == pytest.approx(p_value, abs=5e-6)
    assert mcnemar(only_second, only_first) == pytest.approx(p_value, abs=5e-6)


@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_is_the_share_of_equally_uneven_signs(only_first, only_second):
    n = only_first + only_second
    uneven = sum(math.comb(n, each) for each in range(n + 1) if abs(2 * each - n) >= abs(only_first - only_second))
    assert mcnemar(only_first, only_second) == pytest.approx(uneven / 2**n)


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_gives_the_known_values(p_values, adjusted):
    assert holm(p_values) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers_a_value(p_values):
    adjusted = holm(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    assert all(
        after <= other_after
        for (before, after), (other_before, other_after) in product(zip(p_values, adjusted, strict=True), repeat=2)
        if before <= other_before
    )


# Differences and their intervals.


def test_only_common_questions_are_paired():
    first, second = {"a": True, "b": True, "c": False}, {"b": False, "c": False, "d": True}
    found = paired_difference(first, second, problems={}, seed=0)
    assert (found.n, found.only_first, found.only_second, found.points) == (2, 1, 0, 50.0)


def test_the_difference_of_the_same_replies_is_zero_and_certain():
    found = difference("+-+-++", "+-+-++")
    assert (found.points, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("marks", ["", "+"])
def test_fewer_than_two_problems_leave_every_difference_possible(marks):
    found = difference(marks, marks)
    assert (found.points, found.low, found.high, found.p_value, found.n) == (0.0, -100.0, 100.0, 1.0, len(marks))


def percentiles_of_every_resample(values):
    """The exact bootstrap distribution of the mean of a few values, and two of its percentiles."""
    means = sorted(sum(each) / len(values) for each in product(values, repeat=len(values)))
    return means[int(0.025 * len(means))], means[int(0.975 * len(means))]


def test_the_interval_is_that_of_every_possible_resample():
    found = difference("+++---", "+--++-")
    assert (found.low, found.high) == pytest.approx(percentiles_of_every_resample([0, 100, 100, -100, -100, 0]))


def test_wordings_of_one_problem_are_resampled_together():
    problems = {f"q{number}": f"problem {number // 2}" for number in range(12)}
    found = difference("++++----++--", "------++++--", problems=problems)
    expected = percentiles_of_every_resample([100, 100, 0, -100, 0, 0])
    assert found.points == pytest.approx(100 / 6)
    assert (found.low, found.high) == pytest.approx(expected)
    alone = difference("++++----++--", "------++++--")
    assert alone.high - alone.low < found.high - found.low


def test_a_large_sample_has_the_interval_of_the_normal_approximation():
    first, second = "+" * 66 + "-" * 318, "-" * 66 + "+" * 26 + "-" * 292
    found = difference(first, second)
    share, n = 40 / 384, 384
    half = 1.96 * math.sqrt((92 / n - share**2) / n)
    assert (found.low, found.high) == pytest.approx((100 * (share - half), 100 * (share + half)), abs=0.6)
    assert found.p_value == pytest.approx(4e-5, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30), st.integers(0, 9))
def test_swapping_the_arms_turns_the_difference_around(pairs, seed):
    first = {f"q{number}": pair[0] for number, pair in enumerate(pairs)}
    second = {f"q{number}": pair[1] for number, pair in enumerate(pairs)}
    one = paired_difference(first, second, problems={}, seed=seed)
    other = paired_difference(second, first, problems={}, seed=seed)
    assert (one.points, one.p_value) == (-other.points, other.p_value)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.low <= one.points <= one.high


def test_the_seed_alone_decides_the_interval_whatever_the_order_of_the_replies():
    first, second = outcomes("++-+-+--+-"), outcomes("-+--++-++-")
    turned = [dict(reversed(each.items())) for each in (first, second)]
    assert paired_difference(first, second, problems={}, seed=3) == paired_difference(*turned, problems={}, seed=3)


# Several seeds.


def test_seeds_are_pooled_and_the_test_asks_for_an_effect_in_each():
    strong, weak = ("+" * 10, "-" * 10), ("+" + "-" * 9, "-" * 10)
    runs = [(outcomes(first), outcomes(second)) for first, second in (strong, weak)]
    found = paired_difference_over_seeds(runs, problems={}, seed=0)
    assert (found.n, found.only_first, found.only_second, found.points) == (20, 11, 0, 55.0)
    assert found.p_value == mcnemar(1, 0)
    # Either seed may be the only one resampled.
    assert (found.low, found.high) == (0.0, 100.0)


def test_equal_seeds_have_the_interval_of_one():
    run = (outcomes("+++---"), outcomes("+--++-"))
    one = paired_difference(*run, problems={}, seed=0)
    three = paired_difference_over_seeds([run] * 3, problems={}, seed=0)
    assert (three.points, three.low, three.high, three.p_value) == (one.points, one.low, one.high, one.p_value)
    assert three.n == 3 * one.n
