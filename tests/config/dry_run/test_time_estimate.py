import re

import pytest
from composing import composed

from thoughtrank.config.dry_run.time_estimate import time_line
from thoughtrank.config.schema import load_config


@pytest.fixture
def line():
    def estimate(*, device="cpu", weights=10**9, prefixes=10, questions=50, held_out=50, examples="round", **top_level):
        values = {**composed("evaluation.arms=[thought,room_to_reason]"), **top_level}
        values["training"]["examples"] = examples
        return time_line(
            load_config(values),
            device=device,
            weights=weights,
            prefixes=prefixes,
            questions=questions,
            held_out=held_out,
        )

    return estimate


def minutes(text):
    """Minutes of generation and of training in a line."""
    units = {"minutes": 1, "hours": 60, "days": 24 * 60}
    found = re.findall(r"([\d,]+) (minutes|hours|days)", text)
    return [float(number.replace(",", "")) * units[unit] for number, unit in found]


def test_the_line_is_generation_and_training_by_their_operations(line):
    # Two operations per weight and token, at 2.5e11 per second: 1000 candidates of 48 tokens, and 3 times 2 replies of 124
    # to 50 questions; forward and backward of 48 + 100 tokens per question and epoch take three times as much.
    text = line(rounds=2)
    generated = 2 * 50 * 10 * 0.6 * 80 + 3 * 100 * (0.5 * 128 + 60)
    trained = 2 * load_config(composed()).training.epochs * 50 * (0.6 * 80 + 100)
    seconds = [2e9 * tokens / 2.5e11 for tokens in (generated, 3 * trained)]
    assert minutes(text) == pytest.approx([each / 60 for each in seconds], rel=0.1)
    assert "on this cpu, at 2.5e+11 operations per second" in text


def test_training_on_all_rounds_grows_with_their_square(line):
    few, many = (minutes(line(examples=examples, rounds=10))[1] for examples in ("round", "all"))
    assert many / few == pytest.approx(5.5, rel=0.2)


def test_a_gpu_takes_less_time_and_an_unknown_device_counts_as_a_cpu(line):
    assert minutes(line(device="mps", rounds=9))[0] < minutes(line(rounds=9))[0]
    assert minutes(line(device="abacus"))[0] == minutes(line())[0]


def test_a_model_of_unknown_size_leaves_it_open(line):
    assert line(weights=None) == "unknown until the model is downloaded"


@pytest.mark.parametrize(
    ("weights", "shown"), [(10**5, "a minute"), (10**9, "minutes"), (2 * 10**10, "hours"), (10**13, "days")]
)
def test_durations_are_in_units_that_a_person_would_use(line, weights, shown):
    assert re.search(rf"very roughly (\S+ )?{shown} of generation", line(weights=weights)), line(weights=weights)
