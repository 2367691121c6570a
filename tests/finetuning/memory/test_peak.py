"""The peak of a training step, compared with steps on the CPU and with those of an H100."""

from dataclasses import replace

import pytest
import torch
from small_training import TOKENS, SmallTraining, shape_of

from thoughtrank.finetuning.kernels import chunked_cross_entropy, packed_attention
from thoughtrank.finetuning.memory.activations import LayerMemory, NumberFormats
from thoughtrank.finetuning.memory.peak import TrainingSetup, peak_memory
from thoughtrank.finetuning.memory.sharding import Sharding
from thoughtrank.finetuning.weight_formats import parameter_bytes, weight_bytes
from thoughtrank.models.decoder_shape import DecoderShape

LLAMA_3B = DecoderShape(
    layers=28, hidden_size=3072, intermediate_size=8192, heads=24, kv_heads=8, head_dim=128, vocabulary=128256
)
LAYERS = 4
LOGIT_BYTES = 4 * 1000 * 40


def setup_of(shape, *, weights, arithmetic, kernels="stock", **changes):
    settings = {
        "layer": LayerMemory(shape=shape, arithmetic=arithmetic, kernels=kernels),
        "per_parameter": parameter_bytes(weights=weights, state_bytes=2 * weight_bytes(weights)),
        "sharding": Sharding(),
        "devices": 1,
        "checkpointing": False,
        "tokens": TOKENS,
        "accumulates": False,
        "logit_bytes": LOGIT_BYTES,
    }
    return TrainingSetup(**{**settings, **changes})


@pytest.mark.parametrize("matmul_bytes", [LOGIT_BYTES, 3 * LOGIT_BYTES])
@pytest.mark.parametrize("kernels", ["stock", "recompute"])
@pytest.mark.parametrize(("checkpointing", "micro_batches"), [(False, 1), (False, 2), (True, 1), (True, 2)])
@pytest.mark.parametrize("name", ["float32", "autocast", "bf16"])
def test_the_peak_of_a_step_on_the_cpu_is_within_five_per_cent(
    name, checkpointing, micro_batches, kernels, matmul_bytes, monkeypatch
):
    monkeypatch.setattr(packed_attention, "_MAX_MATMUL_KEYS", 0)
    monkeypatch.setitem(chunked_cross_entropy.LOGIT_BYTES, "cpu", LOGIT_BYTES)
    monkeypatch.setitem(chunked_cross_entropy.MATMUL_BYTES, "cpu", matmul_bytes)
    dtype = torch.bfloat16 if name == "bf16" else torch.float32
    autocast = name == "autocast"
    training = SmallTraining(LAYERS, dtype=dtype, autocast=autocast, kernels=kernels, checkpointing=checkpointing)
    setup = setup_of(
        shape_of(LAYERS),
        weights="bf16" if name == "bf16" else "fp32_master",
        arithmetic=NumberFormats(matmul=4 if name == "float32" else 2, residual=dtype.itemsize, autocast=autocast),
        kernels=kernels,
        checkpointing=checkpointing,
        accumulates=micro_batches > 1,
        matmul_bytes=matmul_bytes,
        sparse_embedding=kernels == "recompute",
    )
    assert peak_memory(setup).peak == pytest.approx(training.peak_bytes(micro_batches=micro_batches), rel=0.05)


@pytest.mark.parametrize(
    ("weights", "checkpointing", "tokens", "accumulates", "gigabytes"),
    [
        ("bf16_kahan", False, 4095, False, 44.2),
        ("bf16_kahan", True, 4095, False, 33.1),
        ("fp32_master", True, 4095, False, 53.2),
        ("bf16_kahan", False, 4090, False, 44.2),
        ("bf16_kahan", False, 409, True, 35.1),
    ],
)
def test_the_peaks_that_an_h100_reached_are_within_five_per_cent(
    weights, checkpointing, tokens, accumulates, gigabytes
):
    # benchmarks/gpu.md, one H100 80GB, transformers' own layers, keys and values repeated, float32 logits in chunks of 256 MiB.
    autocast = weights == "fp32_master"
    setup = setup_of(
        LLAMA_3B,
        weights=weights,
        arithmetic=NumberFormats(matmul=2, residual=4 if autocast else 2, autocast=autocast),
        checkpointing=checkpointing,
        tokens=tokens,
        accumulates=accumulates,
        logit_bytes=1 << 28,
    )
    assert peak_memory(setup).peak / 1e9 == pytest.approx(gigabytes, rel=0.05)


BF16 = NumberFormats(matmul=2, residual=2)
ENGINE = parameter_bytes(weights="fp32_master", state_bytes=8, separate_masters=True)


def sharded(devices, **parts):
    setup = setup_of(LLAMA_3B, weights="fp32_master", arithmetic=BF16, tokens=1, per_parameter=ENGINE)
    return peak_memory(replace(setup, devices=devices, sharding=Sharding(**parts)))


def test_the_states_of_zero_are_those_of_its_paper():
    # Rajbhandari et al., arXiv 1910.02054, figure 1: weights 2 bytes, gradients 2, optimizer 12; gradients are no state here.
    stages = [{"optimizer": True}, {"optimizer": True, "gradients": True, "weights": True}]
    assert [sharded(64, **parts).states / LLAMA_3B.weights for parts in ({}, *stages)] == pytest.approx(
        [14, 2 + 12 / 64, 14 / 64]
    )


def test_each_stage_needs_less_and_more_devices_too():
    stages = [{"optimizer": True}, {"optimizer": True, "gradients": True}]
    stages.append({**stages[1], "weights": True, "gathered": 10**9})
    peaks = [sharded(8, **parts).peak for parts in ({}, *stages)]
    assert peaks == sorted(peaks, reverse=True)
    assert sharded(16, **stages[2]).peak < peaks[3]


def test_what_is_offloaded_is_in_main_memory():
    parts = {"optimizer": True, "gradients": True, "weights": True, "gathered": 10**9}
    here, away = sharded(1, **parts), sharded(1, offload=True, **parts)
    assert (here.main, away.states) == (0, 0)
    assert away.main == here.states == 14 * LLAMA_3B.weights


def test_lora_holds_frozen_weights_and_hardly_any_states():
    layer = LayerMemory(shape=LLAMA_3B, arithmetic=replace(BF16, autocast=True), kernels="stock", lora_rank=16)
    found = peak_memory(setup_of(LLAMA_3B, weights="fp32_master", arithmetic=BF16, layer=layer, checkpointing=True))
    trained = 28 * layer.adapter_weights
    assert found.states == 2 * LLAMA_3B.weights + 12 * trained
    assert trained / LLAMA_3B.weights == pytest.approx(0.0076, rel=0.01)


def test_earlier_micro_batches_add_their_gradients():
    one = setup_of(LLAMA_3B, weights="bf16_kahan", arithmetic=BF16, tokens=4096, logit_bytes=1 << 28)
    several = replace(one, accumulates=True)
    assert peak_memory(several).peak - peak_memory(one).peak == 2 * LLAMA_3B.weights


def test_sums_in_float32_add_two_bytes_per_weight_and_those_that_ddp_keeps_two_more():
    settings = {"tokens": 64, "checkpointing": True, "accumulates": True, "logit_bytes": 1 << 28}

    def peak(**changes):
        states = {"state_bytes": 8, "separate_masters": True, "sums_in_float32": changes.pop("sums", True)}
        per_parameter = parameter_bytes(weights="fp32_master", **states)
        made = setup_of(LLAMA_3B, weights="fp32_master", arithmetic=BF16, per_parameter=per_parameter, **settings)
        return peak_memory(replace(made, **changes)).peak

    assert peak() - peak(sums=False) == 2 * LLAMA_3B.weights
    assert peak(sharding=Sharding(keeps_gradients=True)) - peak() == 2 * LLAMA_3B.weights
    # In the step the sums are gone: a conversion of all gradients at once is the peak with and without them.
    assert peak(step_weights=LLAMA_3B.weights) == peak(sums=False, step_weights=LLAMA_3B.weights)


def test_a_tied_head_waits_with_its_gradient_for_that_of_the_embedding():
    def beside_the_weights(shape):
        settings = {"tokens": 64, "checkpointing": True, "accumulates": True, "logit_bytes": 1 << 28}
        setup = setup_of(shape, weights="bf16_kahan", arithmetic=BF16, **settings)
        return peak_memory(setup).peak - 10 * shape.weights

    embedding = 2 * LLAMA_3B.embedding_weights
    assert beside_the_weights(LLAMA_3B) >= 2 * embedding
    assert embedding <= beside_the_weights(replace(LLAMA_3B, tied=False)) < 2 * embedding
