import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.evaluation.statistics import mean, wilson_interval

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ROUNDING = 1e-12


@st.composite
def shares(draw):
    trials = draw(st.integers(1, 10**6))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, Table I, method 3 (score, no continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # By hand from the formula: with z² = 3.8415 it is z² / (n + z²) for 0 of n, and for half of n
        # 1/2 ± z / (2 √(n + z²)).
        (0, 10, 0.0000, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0000),
    ],
)
def test_the_interval_is_the_published_one(successes, trials, low, high):
    assert wilson_interval(successes=successes, trials=trials) == pytest.approx((low, high), abs=5e-5)


def test_without_trials_every_share_is_possible():
    assert wilson_interval(successes=0, trials=0) == (0.0, 1.0)


@PATIENT
@given(shares())
def test_it_contains_the_share_and_stays_within_nothing_and_all(share):
    successes, trials = share
    low, high = wilson_interval(successes=successes, trials=trials)
    assert 0 <= low <= high <= 1
    assert low <= successes / trials <= high


@PATIENT
@given(shares(), st.integers(2, 50))
def test_it_narrows_with_more_trials_of_the_same_proportion(share, times):
    successes, trials = share
    low, high = wilson_interval(successes=successes, trials=trials)
    narrower = wilson_interval(successes=successes * times, trials=trials * times)
    assert narrower[1] - narrower[0] < high - low
    assert low - ROUNDING <= narrower[0]
    assert narrower[1] <= high + ROUNDING


@PATIENT
@given(shares())
def test_failures_have_the_mirrored_interval(share):
    successes, trials = share
    low, high = wilson_interval(successes=successes, trials=trials)
    mirrored = wilson_interval(successes=trials - successes, trials=trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_the_mean_of_no_values_is_unknown():
    assert mean([]) is None
    assert mean([1, 2, 6]) == 3.0
    assert mean([True, False]) == 0.5
