"""The lines of the plan about training."""

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.training_plan import training_lines
from thoughtrank.config.schema import load_config
from thoughtrank.finetuning.memory import setup


def lines(*overrides, weights=100_000_000):
    config = load_config(composed("strategy.accelerator=cpu", *overrides))
    return training_lines(config, make_components(config), weights=weights)


def test_one_epoch_and_one_step_are_in_the_singular():
    assert lines("training.min_steps=1")[0].startswith(
        "  training    1 epoch over the examples of all rounds so far, 8 per step and at least 1 step, from the base model"
    )


@pytest.mark.parametrize(("bf16", "shown"), [(True, "bf16-mixed"), (False, "32-true")])
def test_it_is_stated_which_precision_auto_is_here(monkeypatch, bf16, shown):
    monkeypatch.setattr(setup, "likely_multiplies_bf16", lambda: bf16)
    assert lines()[0].endswith(f"; precision auto ({shown} here)")
    assert lines("training.precision=32-true")[0].endswith("; precision 32-true")


def test_nothing_is_said_of_auto_where_only_torch_knows(monkeypatch):
    monkeypatch.setattr("thoughtrank.config.dry_run.training_plan.likely_precision", lambda *_, **__: None)
    assert lines()[0].endswith("; precision auto")


def test_the_bytes_of_a_small_model_are_not_zero():
    assert lines(weights=100_000)[1].endswith(
        "16 bytes per parameter (4 weights + 4 gradients + 8 optimizer state), 2 MB before activations"
    )
