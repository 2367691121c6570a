from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.finetuning.optimizers.lr_schedules import schedule_factor

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCHEDULES = ["cosine", "linear", "constant_with_warmup", "wsd"]


def curve(*, steps, warmup_steps, schedule="cosine", decay_share=0.2, final_share=0.1):
    """The factors of all steps of one training."""
    return [
        schedule_factor(
            step=step,
            steps=steps,
            warmup_steps=warmup_steps,
            schedule=schedule,
            decay_share=decay_share,
            final_share=final_share,
        )
        for step in range(steps)
    ]


@st.composite
def settings_of_a_schedule(draw):
    warmup_steps = draw(st.integers(0, 30))
    return {
        "warmup_steps": warmup_steps,
        "steps": warmup_steps + draw(st.integers(2, 100)),
        "schedule": draw(st.sampled_from(SCHEDULES)),
        "decay_share": draw(st.floats(0, 1)),
        "final_share": draw(st.floats(0, 1)),
    }


@PATIENT
@given(settings_of_a_schedule())
def test_it_rises_in_the_warm_up_reaches_the_peak_and_never_rises_again(given_settings):
    factors, warmup = curve(**given_settings), given_settings["warmup_steps"]
    rising, falling = factors[: warmup + 1], factors[warmup:]
    assert all(before < after for before, after in pairwise(rising))
    assert all(before >= after for before, after in pairwise(falling))
    assert factors[0] > 0
    assert factors[warmup] == max(factors) == 1


@PATIENT
@given(settings_of_a_schedule())
def test_it_stays_between_the_final_fraction_and_the_peak_after_the_warm_up(given_settings):
    factors = curve(**given_settings)[given_settings["warmup_steps"] :]
    assert all(given_settings["final_share"] - 1e-12 <= factor <= 1 for factor in factors)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd"])
def test_the_last_step_has_the_final_fraction(schedule):
    for steps, final_share in ((3, 0.1), (10, 0.0), (10, 0.1), (200, 0.5)):
        factors = curve(steps=steps, warmup_steps=1, schedule=schedule, final_share=final_share)
        assert factors[-1] == pytest.approx(final_share)


def test_a_constant_schedule_stays_at_the_peak():
    assert curve(steps=10, warmup_steps=2, schedule="constant_with_warmup", final_share=0.0)[2:] == [1.0] * 8


def test_a_linear_schedule_falls_in_equal_steps_and_a_cosine_slowly_at_first():
    linear = curve(steps=21, warmup_steps=0, schedule="linear", final_share=0.0)
    falls = [before - after for before, after in pairwise(linear)]
    assert falls == pytest.approx([falls[0]] * 20)
    cosine = curve(steps=21, warmup_steps=0, schedule="cosine", final_share=0.0)
    assert cosine[1] > linear[1]
    assert cosine[-2] < linear[-2]


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_shortest_trainings_have_a_rate_too(schedule, steps):
    assert all(0 < factor <= 1 for factor in curve(steps=steps, warmup_steps=0, schedule=schedule))


def test_wsd_stays_at_the_peak_and_falls_in_a_straight_line_at_the_end():
    factors = curve(steps=100, warmup_steps=10, schedule="wsd", decay_share=0.2, final_share=0.0)
    assert factors[10:80] == [1.0] * 70
    falls = [before - after for before, after in pairwise(factors[79:])]
    assert falls == pytest.approx([0.05] * 20)
