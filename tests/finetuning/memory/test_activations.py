"""What a layer keeps for the backward pass, compared with what torch saves."""

import pytest
import torch
from small_training import TOKENS, SmallTraining, shape_of

from thoughtrank.finetuning.kernels import packed_attention
from thoughtrank.finetuning.memory.activations import LayerMemory, NumberFormats

FORMATS = {
    "float32": (torch.float32, NumberFormats(matmul=4, residual=4)),
    "autocast": (torch.float32, NumberFormats(matmul=2, residual=4, autocast=True)),
    "bf16": (torch.bfloat16, NumberFormats(matmul=2, residual=2)),
    "frozen bf16, autocast": (torch.bfloat16, NumberFormats(matmul=2, residual=2, autocast=True)),
}


def measured(name, **settings):
    """Bytes of one layer."""
    dtype, arithmetic = FORMATS[name]
    few, many = (
        SmallTraining(layers, dtype=dtype, autocast=arithmetic.autocast, **settings).saved_bytes() for layers in (1, 3)
    )
    return (many - few) / 2


@pytest.mark.parametrize("kernels", ["stock", "recompute"])
@pytest.mark.parametrize(("name", "attention"), [("float32", "matmul"), ("autocast", "repeated"), ("bf16", "repeated")])
def test_a_layer_saves_what_is_stated(name, attention, kernels, monkeypatch):
    monkeypatch.setattr(packed_attention, "_MAX_MATMUL_KEYS", 1024 if attention == "matmul" else 0)
    layer = LayerMemory(shape=shape_of(1), arithmetic=FORMATS[name][1], kernels=kernels, attention=attention)
    assert measured(name, kernels=kernels) == TOKENS * layer.saved + layer.weight_copies


@pytest.mark.parametrize("kernels", ["stock", "recompute"])
@pytest.mark.parametrize("name", ["frozen bf16, autocast", "bf16"])
def test_a_layer_with_lora_saves_what_is_stated(name, kernels, monkeypatch):
    monkeypatch.setattr(packed_attention, "_MAX_MATMUL_KEYS", 0)
    layer = LayerMemory(shape=shape_of(1), arithmetic=FORMATS[name][1], kernels=kernels, lora_rank=16)
    assert measured(name, kernels=kernels, lora=True) == TOKENS * layer.saved + layer.weight_copies


@pytest.mark.parametrize("name", ["autocast", "bf16"])
def test_gradient_checkpointing_keeps_the_inputs_of_layers(name):
    layer = LayerMemory(shape=shape_of(1), arithmetic=FORMATS[name][1], kernels="stock")
    assert measured(name, kernels="stock", checkpointing=True) == TOKENS * layer.input


def test_liger_keeps_less_than_transformers_and_grouped_keys_less_than_repeated_ones():
    def saved(**settings):
        return LayerMemory(shape=shape_of(1), arithmetic=FORMATS["bf16"][1], **settings).saved

    assert saved(kernels="recompute") < saved(kernels="liger") < saved(kernels="stock")
    assert saved(kernels="stock", attention="grouped") < saved(kernels="stock", attention="repeated")
