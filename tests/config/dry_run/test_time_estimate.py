import dataclasses
import re

import pytest
from composing import composed

from thoughtrank.config.dry_run.candidate_counts import RoundCounts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.machine_rates import Rates
from thoughtrank.config.dry_run.time_estimate import (
    Hours,
    Operations,
    h100_lines,
    machine_text,
    run_operations,
    time_line,
)
from thoughtrank.config.schema import load_config

CPU = Rates(generation=2.5e11, evaluation=2.5e11, training=2.5e11)
H100 = Rates(generation=1e14, evaluation=1e14, training=3e14)


@pytest.fixture
def line():
    def estimate(*, rates=CPU, weights=10**9, examples="round", price=None, **top_level):
        values = {**composed("evaluation.arms=[thought,room_to_reason]"), **top_level}
        values["training"] |= {"examples": examples, "min_steps": 0}
        arms = {"thought": 50, "room_to_reason": 50}
        config = load_config(values)
        counts = config.rounds * [RoundCounts(sizes={10: 50})]
        work = run_operations(config, weights=weights, counts=counts, held_out=arms, scope=CommandScope.of_run(config))
        return time_line(work.hours(rates), rates=rates, machine="on this cpu", dollars_per_hour=price)

    return estimate


def minutes(text):
    """Minutes of generation and of training in a line, which begins with their sum."""
    units = {"minutes": 1, "hours": 60, "days": 24 * 60}
    found = re.findall(r"([\d,]+) (minutes|hours|days)", text.partition("(")[2])
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


def test_generation_and_training_have_rates_of_their_own(line):
    slow, fast = line(rounds=9), line(rounds=9, rates=dataclasses.replace(CPU, training=1e12))
    assert minutes(fast)[0] == minutes(slow)[0]
    assert minutes(fast)[1] == pytest.approx(minutes(slow)[1] / 4, rel=0.1)
    assert "at 2.5e+11 and 1.0e+12 operations per second" in fast


@pytest.mark.parametrize(
    ("weights", "shown"), [(10**5, "a minute"), (10**9, "minutes"), (2 * 10**10, "hours"), (10**13, "days")]
)
def test_durations_are_in_units_that_a_person_would_use(line, weights, shown):
    assert re.search(rf"in all \((\S+ )?{shown} of generation", line(weights=weights)), line(weights=weights)


def test_evaluation_may_be_slower_than_generation(line):
    slower = dataclasses.replace(CPU, evaluation=2.5e10)
    work = Operations(generation=9e15, evaluation=9e14, training=0.0)
    assert work.hours(CPU).generation == pytest.approx(11)
    assert work.hours(slower).generation == pytest.approx(20)
    assert minutes(line(rounds=9, rates=slower))[0] > minutes(line(rounds=9))[0]


def test_a_cuda_device_of_any_kind_is_said_to_count_as_an_h100():
    assert machine_text("cuda", trains="cuda") == "on this cuda, counted as an H100"
    assert machine_text("cpu", trains="cpu") == "on this cpu"


def test_servers_elsewhere_generate_and_this_machine_trains():
    assert machine_text(None, trains="cpu") == (
        "if the servers generate as fast as one H100, and on this cpu for training"
    )


def test_hours_cost_what_the_machine_does(line):
    assert "$" not in line()
    work = Operations(generation=9e14 * 3, evaluation=0.0, training=9e14)
    text = time_line(work.hours(CPU), rates=CPU, machine="on this cpu", dollars_per_hour=2.5)
    assert text.endswith("; about $10.00 at $2.50 per hour")


def test_the_line_begins_with_a_total_that_includes_the_controls():
    hours = Hours(generation=0.5, training=0.25, controls=0.75)
    text = time_line(hours, rates=CPU, machine="on this cpu", dollars_per_hour=2.0)
    assert text.startswith(
        "very roughly 90 minutes in all (30 minutes of generation and evaluation, 15 minutes of training, 45 minutes of "
        "controls) on this cpu, at "
    )
    assert text.endswith("; about $3.00 at $2.00 per hour")
    assert "controls" not in time_line(hours._replace(controls=0.0), rates=CPU, machine="", dollars_per_hour=None)


def test_a_command_that_stops_is_timed_and_priced_before_the_whole_run():
    whole, part = Hours(generation=1.0, training=0.5), Hours(generation=0.5, training=0.0)
    text = time_line(whole, rates=CPU, machine="on this cpu", dollars_per_hour=2.0, command=part)
    assert text.startswith(
        "very roughly 30 minutes until it stops (about $1.00 at $2.00 per hour) and 90 minutes in all ("
    )


def test_only_what_the_scope_has_is_counted():
    config = load_config(composed("rounds=2", "training.min_steps=0"))
    counts = [RoundCounts(sizes={4: 2}, imported=True), RoundCounts(sizes={10: 50})]
    held_out = dict.fromkeys(config.evaluation.arms, 0)

    def work(**scope):
        return run_operations(
            config, weights=1, counts=counts, held_out=held_out, scope=CommandScope(rounds=2, **scope)
        )

    assert work(stop_after="ranking", first=1).generation == 0  # imported
    assert work(stop_after="ranking", first=2).generation == work().generation == 2 * 500 * 0.6 * 80
    assert work(stop_after="ranking", first=2).training == 0
    assert work(stop_after="training", first=1).training == 2 * 3 * 2 * (0.6 * 80 + 100)


def test_where_this_machine_would_take_days_the_plan_says_what_one_h100_would_take():
    work = Operations(generation=3.6e17, evaluation=0.0, training=0.0)
    [text] = h100_lines(work.hours(CPU), h100=work.hours(H100))
    assert text.startswith("on one H100 80 GB 60 minutes, about $3.00 at $3.00 per hour, ")
    assert h100_lines(work.hours(H100), h100=work.hours(H100)) == []
    short = Operations(generation=1e15, evaluation=0.0, training=0.0)
    assert h100_lines(short.hours(CPU), h100=short.hours(H100)) == []
