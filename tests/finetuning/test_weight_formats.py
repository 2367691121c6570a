import pytest

from thoughtrank.finetuning.adapters import NoAdapter
from thoughtrank.finetuning.optimizers import AdamW, AdamW8bit, DeepSpeedCPUAdam
from thoughtrank.finetuning.protocols import Optimizer
from thoughtrank.finetuning.strategies import AutoStrategy, DDPStrategy, DeepSpeedStrategy
from thoughtrank.finetuning.weight_formats import nominal_bytes, parameter_bytes, training_faults

ZERO = DeepSpeedStrategy(stage=2, accelerator="cpu")
DDP = DDPStrategy(accelerator="cpu")


@pytest.mark.parametrize(
    ("weights", "total", "checkpoint"), [("fp32_master", 16, 12), ("bf16_kahan", 10, 8), ("bf16", 8, 6)]
)
def test_bytes_of_adamw_in_each_number_format(weights, total, checkpoint):
    found = nominal_bytes(weights=weights, precision="auto", optimizer=AdamW(lr=1e-3), strategy=DDP)
    assert (found.total, found.checkpoint) == (total, checkpoint)


def test_an_engine_with_masters_of_its_own_holds_bf16_weights_beside_them():
    found = nominal_bytes(weights="fp32_master", precision="auto", optimizer=AdamW(lr=1e-3), strategy=ZERO)
    assert (found.weights, found.masters, found.gradients, found.optimizer_state) == (2, 4, 2, 8)
    full = nominal_bytes(weights="fp32_master", precision="32-true", optimizer=AdamW(lr=1e-3), strategy=ZERO)
    assert (full.weights, full.masters, full.gradients) == (4, 0, 4)


def test_an_optimizer_that_does_not_state_its_size_leaves_the_total_unknown():
    class Sgd(Optimizer):
        def build(self, model, *, steps, weights):
            raise NotImplementedError

    assert nominal_bytes(weights="bf16", precision="auto", optimizer=Sgd(), strategy=DDP) is None


def test_the_text_names_only_what_takes_memory():
    text = parameter_bytes(weights="bf16_kahan", state_bytes=4).text()
    assert text == "10 bytes per parameter (2 weights + 2 gradients + 4 optimizer state + 2 compensation)"


@pytest.mark.parametrize(
    ("strategy", "fits"),
    [
        (AutoStrategy(accelerator="cuda"), True),
        (AutoStrategy(accelerator="cpu"), False),
        (DeepSpeedStrategy(stage=3, offload=True, accelerator="cuda"), False),
    ],
)
def test_an_optimizer_for_cuda_needs_a_strategy_that_trains_there(strategy, fits):
    optimizer = AdamW8bit(lr=1e-3)
    faults = training_faults(
        weights="fp32_master", precision="auto", optimizer=optimizer, adapter=NoAdapter(), strategy=strategy
    )
    assert ["needs a CUDA device" in fault for fault in faults] == ([] if fits else [True])


def test_an_optimizer_for_main_memory_needs_a_strategy_that_keeps_the_weights_there():
    def faults_of(strategy):
        return training_faults(
            weights="fp32_master",
            precision="auto",
            optimizer=DeepSpeedCPUAdam(lr=1e-3),
            adapter=NoAdapter(),
            strategy=strategy,
        )

    assert "works on weights in main memory" in faults_of(AutoStrategy(accelerator="cuda"))[0]
    assert faults_of(AutoStrategy(accelerator="cpu")) == []
    assert faults_of(DeepSpeedStrategy(stage=2, offload=True, accelerator="cuda")) == []
