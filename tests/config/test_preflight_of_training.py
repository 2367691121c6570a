"""Preflight faults of what trains: batches, weights, optimizer, strategy and compiler have to fit each other."""

import pytest
from composing import faults_of

from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.instantiate import make_component


class Sharding(Strategy):
    """A strategy that supports nothing but what the base class does."""

    name = "sharding"

    def trainer_arguments(self):
        return {}


MUON = {"_target_": "thoughtrank.finetuning.optimizers.muon.Muon", "lr": 1e-3}


def test_a_batch_that_does_not_divide_into_micro_batches_names_both():
    [fault] = faults_of("training.batch_size=8", "training.micro_batch_size=3")
    assert "training.batch_size=8" in fault
    assert "training.micro_batch_size=3" in fault
    assert faults_of("training.batch_size=8", "training.micro_batch_size=3", "training.micro_batch_tokens=4096") == []


def test_micro_batches_of_auto_need_not_divide_the_batch():
    overrides = ("training.batch_size=8", "training.micro_batch_size=3", "strategy.accelerator=cpu")
    [fault] = faults_of(*overrides)
    assert "training.micro_batch_size=3" in fault
    assert faults_of(*overrides, "training.micro_batch_tokens=auto") == []


@pytest.mark.parametrize(
    ("overrides", "clues"),
    [
        (["optimizer=adafactor", "training.weights=bf16_kahan"], ["optimizer=adafactor", "fp32_master or bf16"]),
        (["training.weights=bf16", "training.precision=32-true"], ["training.precision=auto"]),
        (["optimizer=deepspeed_cpu_adam", "strategy.accelerator=cuda"], ["main memory", "strategy=auto"]),
    ],
)
def test_weights_optimizer_strategy_and_precision_that_do_not_fit_are_told(overrides, clues, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    [fault] = faults_of(*overrides)
    assert all(clue in fault for clue in clues)


def test_weights_in_eight_bits_need_cuda():
    faults = faults_of("optimizer=adamw_8bit")
    assert "CUDA device" in faults[-1]


def test_compiling_without_a_compiler_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    [fault] = faults_of("training.compile=true")
    assert "training.compile=true needs a C++ compiler" in fault
    assert faults_of() == []


def test_fsdp_without_cuda_is_told_before_anything_loads(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    [fault] = faults_of("strategy=fsdp")
    assert "strategy=fsdp needs CUDA devices" in fault
    assert faults_of("strategy=fsdp", "strategy.accelerator=cpu", "strategy.devices=2") == []


def test_a_strategy_that_hands_out_shards_names_what_it_cannot_do():
    strategy = Sharding()
    faults = training_faults(
        weights="bf16",
        precision="auto",
        optimizer=make_component(MUON, where="optimizer"),
        adapter=Lora(),
        strategy=strategy,
    )
    assert ["strategy=sharding" in fault for fault in faults] == [True, True, True]
    assert "training.weights=fp32_master" in faults[0]
    assert "rows and columns" in faults[1]
    assert "adapter=lora" in faults[2]
