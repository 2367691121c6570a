import pytest

from thoughtrank.finetuning.adapters import NoAdapter
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.optimizers.adamw_8bit import AdamW8bit
from thoughtrank.finetuning.optimizers.deepspeed_cpu_adam import DeepSpeedCPUAdam
from thoughtrank.finetuning.strategies import AutoStrategy, DeepSpeedStrategy


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
