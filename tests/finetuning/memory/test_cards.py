"""What fits on a card, and when gradient checkpointing is turned on."""

from dataclasses import replace

import pytest
from memory_parts import LLAMA_3B, parts_of

from thoughtrank.finetuning.memory.cards import card_fit, fits, largest_micro_batch, resolve_checkpointing
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import training_setup

CARD = 72e9


def made(*, checkpointing=True, **changes):
    return training_setup(parts_of(**changes), shape=LLAMA_3B, device="cuda", checkpointing=checkpointing, liger=False)


def test_a_training_fits_with_room_for_libraries_and_for_the_error_of_the_estimate():
    peak = peak_memory(made()).peak
    assert not fits(made(), memory=peak)
    assert not fits(made(), memory=1.05 * peak)
    assert fits(made(), memory=1.06 * peak + 1e9)


def test_the_largest_micro_batch_is_the_last_step_that_fits():
    largest = largest_micro_batch(made(), memory=CARD)
    assert largest % 512 == 0
    assert fits(replace(made(), tokens=largest), memory=CARD)
    assert not fits(replace(made(), tokens=largest + 512), memory=CARD)


def test_where_the_weights_do_not_fit_no_micro_batch_does():
    assert largest_micro_batch(made(), memory=24e9) == 0
    assert card_fit(parts_of(), shape=LLAMA_3B, device="cuda", memory=24e9, liger=False).tokens == 0


@pytest.mark.parametrize(("memory", "checkpointing"), [(72e9, True), (84e9, False)])
def test_the_recipe_needs_gradient_checkpointing_with_72_gb_and_not_with_84(memory, checkpointing):
    fit = card_fit(parts_of(), shape=LLAMA_3B, device="cuda", memory=memory, liger=False)
    assert fit.checkpointing is checkpointing
    assert fit.tokens >= 4096


def resolved(setting, *, memory, shape=LLAMA_3B):
    return resolve_checkpointing(setting, parts=parts_of(), shape=shape, device="cuda", memory=memory)


def test_auto_is_on_where_the_training_does_not_fit_without():
    assert resolved("auto", memory=72_000_000_000)
    assert not resolved("auto", memory=84_000_000_000)


@pytest.mark.parametrize("setting", [True, False])
def test_a_setting_stays_as_it_is(setting):
    assert resolved(setting, memory=1) is setting


def test_auto_is_off_where_sizes_or_memory_are_unknown():
    assert not resolved("auto", memory=None)
    assert not resolved("auto", memory=1, shape=None)
