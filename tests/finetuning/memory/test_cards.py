"""What fits on a card, and when it needs gradient checkpointing."""

import pytest
from memory_parts import LLAMA_3B, parts_of

from thoughtrank.finetuning.memory.cards import card_fit
from thoughtrank.finetuning.optimizers.adamw import AdamW


def fit_of(tokens=4096, *, memory, **changes):
    return card_fit(parts_of(micro_batch_tokens=tokens, **changes), shape=LLAMA_3B, memory=memory, liger=False)


@pytest.mark.parametrize("tokens", [4096, "auto"])
def test_where_the_weights_do_not_fit_no_micro_batch_does(tokens):
    fit = fit_of(tokens, memory=24e9)
    assert (fit.checkpointing, fit.tokens, fit.enough) == (True, 0, False)


@pytest.mark.parametrize(("memory", "checkpointing"), [(72e9, True), (84e9, False)])
def test_4096_tokens_need_gradient_checkpointing_with_72_gb_and_not_with_84(memory, checkpointing):
    fit = fit_of(memory=memory)
    assert fit.checkpointing is checkpointing
    assert fit.tokens >= 4096
    assert fit.enough


@pytest.mark.parametrize(
    ("memory", "checkpointing", "tokens"), [(72e9, True, 8192), (80e9, False, None), (141e9, False, 8192)]
)
def test_auto_fits_with_what_it_chooses(memory, checkpointing, tokens):
    fit = fit_of("auto", memory=memory)
    assert (fit.checkpointing, fit.enough) == (checkpointing, True)
    assert fit.tokens == tokens or (tokens is None and 2048 <= fit.tokens < 4096)


class Silent(AdamW):
    def state_bytes(self, shapes, *, weights, embeddings):
        return None


@pytest.mark.parametrize("tokens", [4096, "auto"])
def test_what_is_unknown_has_no_fit(tokens):
    assert fit_of(tokens, memory=80e9, optimizer=Silent(lr=1e-3)) is None
