"""What fits on a device, and what ``auto`` chooses there."""

from dataclasses import replace

import pytest
from memory_parts import LLAMA_3B, parts_of

from thoughtrank.finetuning.memory.device_fit import DeviceSettings, device_settings, fits, largest_micro_batch
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import training_setup
from thoughtrank.finetuning.optimizers.adamw import AdamW

CARD = 72e9


def made(*, checkpointing=True, **changes):
    return training_setup(parts_of(**changes), shape=LLAMA_3B, device="cuda", checkpointing=checkpointing, liger=False)


def settings(tokens="auto", *, memory, checkpointing="auto", shape=LLAMA_3B, device="cuda", **changes):
    parts = parts_of(micro_batch_tokens=tokens, **changes)
    found = device_settings(checkpointing, parts=parts, shape=shape, device=device, memory=memory, liger=False)
    return found.gradient_checkpointing, found.micro_batch_tokens


def with_tokens(tokens, *, checkpointing, memory, **changes):
    return fits(made(checkpointing=checkpointing, micro_batch_tokens=tokens, **changes), memory=memory)


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


def test_checkpointing_of_auto_is_on_where_the_training_does_not_fit_without():
    assert settings(4096, memory=72e9) == (True, 4096)
    assert settings(4096, memory=84e9) == (False, 4096)
    assert settings(None, memory=84e9) == (True, None)


@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.parametrize("tokens", [1, 4096, None])
def test_settings_without_auto_stay_as_they_are(checkpointing, tokens):
    assert settings(tokens, memory=1, checkpointing=checkpointing) == (checkpointing, tokens)


def test_auto_prefers_smaller_micro_batches_without_gradient_checkpointing():
    on, tokens = settings(memory=80e9)
    assert not on
    assert 2048 <= tokens < 4096
    assert with_tokens(tokens, checkpointing=False, memory=80e9)
    assert not with_tokens(tokens + 256, checkpointing=False, memory=80e9)


def test_auto_needs_gradient_checkpointing_where_too_few_tokens_fit_without():
    short = {"longest_example": 500}
    memory = next(gb * 1e9 for gb in range(60, 80) if with_tokens(1024, checkpointing=False, memory=gb * 1e9, **short))
    assert not with_tokens(2048, checkpointing=False, memory=memory, **short)
    assert settings(memory=memory, **short) == (True, 8192)
    on, tokens = settings(memory=memory, checkpointing=False, **short)
    assert not on
    assert 1024 <= tokens < 2048


def test_auto_takes_no_more_tokens_than_make_training_faster():
    assert settings(memory=1e12) == (False, 8192)
    assert settings(memory=1e12, checkpointing=True) == (True, 8192)


def test_a_step_of_one_micro_batch_needs_no_sums_of_gradients():
    # The sums take 2 bytes per weight: only a limit that no step exceeds fits.
    small = {"batch_size": 2, "longest_example": 2048}
    memory = 1.05 * peak_memory(made(checkpointing=False, micro_batch_tokens=4096, **small)).peak + 1e9 + 1
    assert not with_tokens(2048, checkpointing=False, memory=memory, **small)
    assert settings(memory=memory, **small) == (False, 8192)


def test_where_nothing_fits_auto_chooses_what_needs_the_least():
    assert settings(memory=24e9) == (True, 256)
    assert settings(memory=24e9, checkpointing=False) == (False, 256)


class Silent(AdamW):
    def state_bytes(self, shapes, *, weights, embeddings):
        return None


@pytest.mark.parametrize(
    "unknown", [{"memory": None}, {"memory": 1, "shape": None}, {"memory": 1, "optimizer": Silent(lr=1e-3)}]
)
def test_where_sizes_or_memory_are_unknown_auto_turns_checkpointing_off_and_takes_4096_tokens(unknown):
    assert settings(**unknown) == (False, 4096)
    assert settings(None, **unknown) == (False, None)
    assert settings(checkpointing=True, **unknown) == (True, 4096)


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_without_cuda_auto_takes_4096_tokens(device):
    assert settings(memory=None, device=device) == (False, 4096)
    assert settings(1000, memory=None, device=device) == (False, 1000)


def test_the_choice_is_one_line():
    chosen = DeviceSettings(gradient_checkpointing=False, micro_batch_tokens=3840)
    assert chosen.text() == "micro-batches of at most 3,840 tokens, without gradient checkpointing"
    chosen = DeviceSettings(gradient_checkpointing=True, micro_batch_tokens=None)
    assert chosen.text() == "micro-batches without a limit of tokens, with gradient checkpointing"
