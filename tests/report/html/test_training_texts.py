from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.headline import headline
from thoughtrank.report.html.stored_run import read_run
from thoughtrank.report.html.training_texts import epochs_text, round_text, trained_text


@pytest.fixture
def run(tmp_path):
    return read_run(stored_run(tmp_path, held_out=100))


def with_training(run, **settings):
    return replace(run, config={"training": {"epochs": 1, "min_steps": 16, **settings}})


@pytest.mark.parametrize(
    ("start", "examples", "trained", "every_round"),
    [
        (
            "base",
            "all",
            "Training the base model on the examples of 2 rounds",
            "the base model again, on the examples of all rounds",
        ),
        (
            "base",
            "round",
            "Training the base model on the examples of round 2",
            "the base model again, on its own examples.",
        ),
        (
            "previous",
            "all",
            "2 rounds of training",
            "the model of the round before, on the examples of all rounds so far.",
        ),
        ("previous", "round", "2 rounds of training", "the model of the round before, on its own examples."),
    ],
)
def test_rounds_add_up_only_where_each_starts_from_the_one_before(run, start, examples, trained, every_round):
    run = with_training(run, start=start, examples=examples)
    assert headline(run).startswith(f"{trained} raised accuracy from ")
    assert every_round in round_text(run)


def test_a_single_round_and_a_run_without_a_config_are_said_plainly(run):
    assert trained_text(with_training(run, start="base", examples="all"), 1) == "1 round of training"
    assert trained_text(run, 2) == "2 rounds of training"
    assert round_text(run) == ""


def test_epochs_beyond_those_of_the_config_are_named(run):
    last = run.rounds[-1]
    facts = {**last.facts, "training": {"epochs": 3}}
    repeated = with_training(replace(run, rounds=[*run.rounds[:-1], replace(last, facts=facts)]))
    assert epochs_text(repeated) == (
        "A training makes at least training.min_steps=16 steps: with few examples it repeats them for more epochs than "
        "training.epochs=1, here 3 in round 2."
    )
    assert epochs_text(with_training(repeated, epochs=3)) == ""
    assert epochs_text(run) == ""
