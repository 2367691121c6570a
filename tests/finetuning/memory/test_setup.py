"""From settings and components to what the memory of a training depends on."""

from dataclasses import replace

import pytest
from memory_parts import LLAMA_3B, parts_of

from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.kernels import chunked_cross_entropy, packed_attention
from thoughtrank.finetuning.memory import setup
from thoughtrank.finetuning.memory.activations import BF16, NumberFormats
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import likely_device, likely_precision, training_setup
from thoughtrank.finetuning.optimizers import master_weights
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.adamw_8bit import AdamW8bit
from thoughtrank.finetuning.strategies import AutoStrategy, DDPStrategy, DeepSpeedStrategy, FSDPStrategy


def made(device="cuda", *, checkpointing=False, liger=False, **changes):
    return training_setup(parts_of(**changes), shape=LLAMA_3B, device=device, checkpointing=checkpointing, liger=liger)


@pytest.mark.parametrize(
    ("changes", "tokens", "accumulates"),
    [
        ({}, 4096, True),
        ({"micro_batch_tokens": 1000}, 2304, True),
        ({"micro_batch_tokens": None}, 16 * 2304, False),
        ({"micro_batch_tokens": None, "micro_batch_size": 2}, 2 * 2304, True),
        ({"longest_example": 100}, 1600, False),
        ({"strategy": DDPStrategy(accelerator="cuda", devices=8)}, 4096, True),
        ({"strategy": DDPStrategy(accelerator="cuda", devices=16)}, 2304, False),
    ],
)
def test_a_micro_batch_is_as_large_as_its_limits_and_the_step_allow(changes, tokens, accumulates):
    found = made(**changes)
    assert (found.tokens, found.accumulates) == (tokens, accumulates)


@pytest.mark.parametrize(
    ("changes", "arithmetic"),
    [
        ({}, BF16),
        ({"precision": "auto"}, BF16),
        ({"optimizer": AdamW8bit(lr=1e-5)}, NumberFormats(matmul=2, residual=4, autocast=True)),
        ({"precision": "32-true"}, NumberFormats(matmul=4, residual=4)),
        ({"weights": "bf16_kahan", "precision": "auto"}, BF16),
        ({"weights": "bf16_kahan"}, BF16),
        ({"adapter": Lora()}, NumberFormats(matmul=2, residual=2, autocast=True)),
        ({"strategy": DeepSpeedStrategy(stage=2, accelerator="cuda")}, BF16),
        ({"strategy": FSDPStrategy(accelerator="cuda")}, BF16),
        (
            {"strategy": FSDPStrategy(accelerator="cuda"), "precision": "32-true"},
            NumberFormats(matmul=4, residual=4),
        ),
    ],
)
def test_the_number_formats_are_those_that_training_uses(changes, arithmetic):
    assert made(**changes).layer.arithmetic == arithmetic


@pytest.mark.parametrize(
    ("changes", "liger", "attention", "gigabytes"),
    [
        ({"weights": "bf16_kahan"}, True, "grouped", 38.0),
        ({"weights": "bf16_kahan", "batch_size": 10, "longest_example": 409}, True, "grouped", 38.0),
        (
            {"weights": "bf16_kahan", "batch_size": 20, "longest_example": 409, "micro_batch_tokens": 8192},
            True,
            "grouped",
            49.3,
        ),
        ({}, True, "grouped", 57.3),
        ({"weights": "bf16_kahan"}, False, "grouped", 42.8),
        ({"weights": "bf16_kahan"}, True, "repeated", 39.7),
    ],
)
def test_the_peaks_that_an_h100_reached_with_kernels_for_cuda_are_within_five_per_cent(
    changes, liger, attention, gigabytes
):
    # benchmarks/gpu.md; one example of 4,096 tokens per step, or short ones packed into one micro-batch.
    one = {"precision": "auto", "batch_size": 1, "micro_batch_size": 20, "longest_example": 4095}
    found = made(liger=liger, **{**one, **changes})
    assert not found.accumulates
    assert found.layer.kernels == ("liger" if liger else "stock")
    found = replace(found, layer=replace(found.layer, attention=attention))
    assert peak_memory(found).peak / 1e9 == pytest.approx(gigabytes, rel=0.05)


def test_a_limit_of_auto_counts_as_on_a_device_whose_memory_is_unknown():
    assert made(micro_batch_tokens="auto").tokens == 4096
    assert made("cpu", micro_batch_tokens="auto", strategy=AutoStrategy(accelerator="cpu")).tokens == 4096


def test_compiled_layers_do_without_kernels_that_a_compiler_cannot_trace():
    assert made(liger=True, compile=True).layer.kernels == "stock"


def test_a_cpu_computes_in_float32_with_the_recompute_layers_unless_they_are_compiled():
    found = made("cpu", precision="auto", strategy=AutoStrategy(accelerator="cpu"))
    assert found.layer.arithmetic == NumberFormats(matmul=4, residual=4)
    assert (found.layer.kernels, found.sparse_embedding) == ("recompute", True)
    assert (
        made("cpu", precision="auto", strategy=AutoStrategy(accelerator="cpu"), compile=True).layer.kernels == "stock"
    )
    assert not made("cpu", precision="auto", strategy=DDPStrategy(accelerator="cpu")).sparse_embedding


def test_short_examples_on_the_cpu_are_two_matmuls_per_block():
    cpu = AutoStrategy(accelerator="cpu")
    assert made("cpu", strategy=cpu, longest_example=1024).layer.attention == "matmul"
    for changes in ({"longest_example": 1025}, {"longest_example": 1024, "packing": False}):
        assert made("cpu", strategy=cpu, **changes).layer.attention == "repeated"


def test_packed_examples_in_bf16_on_cuda_have_grouped_keys_and_values():
    assert made().layer.attention == "grouped"
    assert made(packing=False).layer.attention == made(precision="32-true").layer.attention == "repeated"


def test_float32_masters_on_cuda_are_in_the_optimizer_which_converts_gradients_by_chunks():
    found = made()
    assert (found.per_parameter.weights, found.per_parameter.masters, found.per_parameter.total) == (2, 4, 18)
    assert made(micro_batch_tokens=None).per_parameter.total == 16
    assert made(adapter=Lora()).per_parameter.total == 16
    assert found.step_weights == LLAMA_3B.embedding_weights
    assert made(adapter=Lora()).step_weights == made(weights="bf16_kahan").step_weights == 0
    assert made(strategy=DeepSpeedStrategy(stage=2, accelerator="cuda")).step_weights == 0


def test_liger_is_used_on_cuda_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(setup, "find_spec", lambda name: name == "liger_kernel" or None)
    assert training_setup(parts_of(), shape=LLAMA_3B, device="cuda", checkpointing=False).layer.kernels == "liger"
    assert made(liger=False).layer.kernels == "stock"
    assert made("cpu", liger=True, strategy=AutoStrategy(accelerator="cpu")).layer.kernels == "recompute"


def test_a_card_where_triton_compiles_nothing_has_neither_liger_nor_the_kernel_of_the_loss(monkeypatch):
    def found(*, driver, compiles):
        monkeypatch.setattr(setup, "find_spec", lambda name: name == "liger_kernel" or None)
        monkeypatch.setattr(setup, "has_nvidia_driver", lambda: driver)
        monkeypatch.setattr(setup, "likely_compiles_triton", lambda: compiles)
        found = training_setup(parts_of(), shape=LLAMA_3B, device="cuda", checkpointing=False)
        return found.layer.kernels, found.fused_loss, peak_memory(found).peak

    with_kernels = found(driver=True, compiles=True)
    without = found(driver=True, compiles=False)
    assert with_kernels[:2] == ("liger", True)
    assert without[:2] == ("stock", False)
    assert without[2] > 1.05 * with_kernels[2]
    # The plan for a card of another machine says nothing of this one's compiler.
    assert found(driver=False, compiles=False) == with_kernels


def test_the_constants_are_those_of_the_kernels():
    for device, size in setup._LOGIT_BYTES.items():
        assert size == chunked_cross_entropy.LOGIT_BYTES.get(device, chunked_cross_entropy.LOGIT_BYTES["cpu"])
        assert setup._MATMUL_BYTES.get(device) == chunked_cross_entropy.MATMUL_BYTES.get(device)
    assert setup._MASTER_CHUNK == master_weights._CHUNK
    assert setup._MATMUL_ATTENTION_KEYS == packed_attention._MAX_MATMUL_KEYS


def test_an_optimizer_that_does_not_state_its_size_gives_none():
    class Silent(AdamW):
        def state_bytes(self, shapes, *, weights, embeddings):
            return None

    assert made(optimizer=Silent(lr=1e-3)) is None


def test_the_device_is_guessed_from_the_driver_only_where_it_is_left_open(monkeypatch):
    monkeypatch.setattr(setup, "has_nvidia_driver", lambda: True)
    assert likely_device(AutoStrategy()) == "cuda"
    assert likely_device(AutoStrategy(accelerator="cpu")) == "cpu"
    monkeypatch.setattr(setup, "has_nvidia_driver", lambda: False)
    assert likely_device(AutoStrategy()) == "cpu"


@pytest.mark.parametrize(
    ("strategy", "precision", "weights", "resolved"),
    [
        (AutoStrategy(accelerator="cuda"), "auto", "fp32_master", "bf16-mixed"),
        (AutoStrategy(accelerator="mps"), "auto", "fp32_master", "32-true"),
        (AutoStrategy(accelerator="cpu"), "bf16-mixed", "fp32_master", "bf16-mixed"),
        (AutoStrategy(accelerator="cpu"), "auto", "bf16", "32-true"),
        (DeepSpeedStrategy(stage=2, accelerator="cuda"), "auto", "fp32_master", "bf16-true"),
    ],
)
def test_precision_is_resolved_without_torch_as_the_strategy_does(strategy, precision, weights, resolved):
    assert likely_precision(strategy, precision=precision, weights=weights) == resolved
    assert strategy.resolve_precision(precision, weights=weights) == resolved


def test_auto_on_a_cpu_depends_on_its_instructions_and_is_unknown_beside_other_devices(monkeypatch):
    monkeypatch.setattr(setup, "has_nvidia_driver", lambda: False)

    def likely(accelerator, *, bf16=False, others=False):
        monkeypatch.setattr(setup, "likely_multiplies_bf16", lambda: bf16)
        monkeypatch.setattr(setup, "may_have_accelerator", lambda: others)
        return likely_precision(AutoStrategy(accelerator=accelerator), precision="auto", weights="fp32_master")

    assert (likely("cpu", bf16=True), likely("cpu")) == ("bf16-mixed", "32-true")
    assert (likely("auto", bf16=True), likely("auto", others=True)) == ("bf16-mixed", None)
