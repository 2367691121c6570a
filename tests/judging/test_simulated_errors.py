import random
from statistics import fmean, pstdev

import pytest

from thoughtrank.judging.simulated_errors import JudgeErrors, hashed_normal, hashed_uniform


def errors(strength="strong", *, seed=0, factor=1.0):
    return JudgeErrors(strength, seed=seed, position_bias_factor=factor)


def test_hashed_numbers_follow_their_distributions():
    uniform = [hashed_uniform(str(number)) for number in range(2000)]
    normal = [hashed_normal(str(number)) for number in range(2000)]
    assert all(0 < each < 1 for each in uniform)
    assert fmean(uniform) == pytest.approx(0.5, abs=0.03)
    assert (fmean(normal), pstdev(normal)) == (pytest.approx(0, abs=0.07), pytest.approx(1, abs=0.05))


def test_the_systematic_error_is_fixed_per_text_and_grows_with_length():
    judge = errors()
    assert judge.systematic("q", "text", tokens=420) == judge.systematic("q", "text", tokens=420)
    assert judge.systematic("q", "text", tokens=420) != judge.systematic("q", "other", tokens=420)
    assert judge.systematic("q", "text", tokens=4000) > judge.systematic("q", "text", tokens=420)
    # Beyond three standard deviations of log length the bias no longer grows.
    assert judge.systematic("q", "text", tokens=10**6) == judge.systematic("q", "text", tokens=10**7)


def test_a_pair_is_decided_by_quality_and_position():
    def wins(difference, **settings):
        return fmean(
            errors(seed=seed, **settings).first_wins("q", "one", "two", difference=difference) for seed in range(400)
        )

    assert wins(2.0) > 0.95
    assert wins(-2.0) < 0.15
    assert wins(0.0, factor=5.0) > 0.85
    assert wins(0.0, factor=0.0) == pytest.approx(0.5, abs=0.1)


def test_in_a_list_early_positions_gain_and_the_middle_of_a_long_one_loses():
    def strength(position, count):
        judge = errors(factor=4.0)
        return judge.noisy_strength(0.0, position=position, count=count, rng=random.Random(1))

    assert strength(0, 8) > strength(4, 8) > strength(7, 8)
    # Without the loss in the middle, the middle would be halfway between the ends.
    assert strength(20, 41) < (strength(0, 41) + strength(40, 41)) / 2


def test_grades_stay_on_the_scale():
    judge = errors("weak")
    grades = [judge.grade("q", str(n), perceived=n / 10, rng=random.Random(n)) for n in range(-100, 100)]
    assert (min(grades), max(grades)) == (1.0, 10.0)
    assert all(grade == int(grade) for grade in grades)
