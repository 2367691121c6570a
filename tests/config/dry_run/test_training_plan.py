"""The lines of the plan about training."""

from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.training_plan import training_lines
from thoughtrank.config.schema import load_config


def lines(*overrides, weights=100_000_000):
    config = load_config(composed("strategy.accelerator=cpu", *overrides))
    return training_lines(config, make_components(config), weights=weights)


def test_one_epoch_and_one_step_are_in_the_singular():
    assert lines("training.min_steps=1")[0].startswith(
        "  training    1 epoch over the examples of all rounds so far, 8 per step and at least 1 step, from the base model"
    )


def test_the_bytes_of_a_small_model_are_not_zero():
    assert lines(weights=100_000)[1].endswith(
        "16 bytes per parameter (4 weights + 4 gradients + 8 optimizer state), 2 MB before activations"
    )
