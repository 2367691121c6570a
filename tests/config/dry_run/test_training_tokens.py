import pytest
from composing import composed

from thoughtrank.config.dry_run.training_tokens import training_tokens
from thoughtrank.config.schema import load_config

LIMITS = ("generation.thought_tokens=60", "generation.answer_tokens=40")
EACH = 60 + 100
"""A typical candidate, and its prompt."""


def tokens(*overrides, **arguments):
    settings = ("rounds=3", "training.epochs=2", "training.batch_size=8", "training.min_steps=0", *LIMITS)
    config = load_config(composed(*settings, *overrides))
    return training_tokens(config, **{"questions": [20, 20, 20], "rounds": [1, 2, 3], **arguments})


def test_every_epoch_reads_the_examples_of_the_round_or_of_all_so_far():
    assert tokens("training.examples=round") == pytest.approx(3 * 2 * 20 * EACH)
    assert tokens("training.examples=all") == pytest.approx((1 + 2 + 3) * 2 * 20 * EACH)


def test_only_the_last_training_reads_the_examples_of_all_rounds_once():
    assert tokens("training.examples=all", rounds=[3]) == pytest.approx(3 * 2 * 20 * EACH)
    assert tokens("training.examples=round", rounds=[3]) == pytest.approx(2 * 20 * EACH)


def test_a_training_of_few_examples_repeats_them_up_to_its_least_steps():
    # Steps of 8: the rounds have 40, 80 and 120 examples in two epochs, of which the first two are fewer than 100.
    assert tokens("training.examples=all", "training.min_steps=12") == pytest.approx((96 + 96 + 120) * EACH)


def test_rounds_may_have_other_numbers_of_questions():
    assert tokens("training.examples=round", questions=[2, 20, 20]) == pytest.approx(2 * 42 * EACH)
    assert tokens("training.examples=all", questions=[2, 20, 20]) == pytest.approx(2 * (2 + 22 + 42) * EACH)
