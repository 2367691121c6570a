import pytest

from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.adamw_8bit import AdamW8bit
from thoughtrank.finetuning.parameter_memory import has_optimizer_masters, nominal_bytes
from thoughtrank.finetuning.protocols import Optimizer
from thoughtrank.finetuning.strategies import AutoStrategy, DDPStrategy, DeepSpeedStrategy, FSDPStrategy

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


@pytest.mark.parametrize(
    ("changes", "masters"),
    [
        ({}, True),
        ({"precision": "bf16-mixed"}, True),
        ({"precision": "32-true"}, False),
        ({"weights": "bf16_kahan"}, False),
        ({"strategy": AutoStrategy(accelerator="cpu")}, False),
        ({"strategy": FSDPStrategy(accelerator="cuda")}, False),
        ({"optimizer": AdamW8bit(lr=1e-3)}, False),
    ],
)
def test_on_cuda_the_optimizer_holds_the_float32_weights_where_arithmetic_is_bf16(changes, masters):
    settings = {"weights": "fp32_master", "precision": "auto", "optimizer": AdamW(lr=1e-3)}
    settings = {**settings, "strategy": AutoStrategy(accelerator="cuda"), **changes}
    assert has_optimizer_masters(**settings) == masters
    one, several = nominal_bytes(**settings), nominal_bytes(**settings, accumulates=True)
    if masters:
        assert (one.weights, one.masters, one.gradients, one.optimizer_state) == (2, 4, 2, 8)
        assert (several.gradients, several.total, several.checkpoint) == (4, 18, 14)
    else:
        assert several == one


def test_an_optimizer_that_does_not_state_its_size_leaves_the_total_unknown():
    class Sgd(Optimizer):
        def build(self, model, *, steps, weights):
            raise NotImplementedError

    assert nominal_bytes(weights="bf16", precision="auto", optimizer=Sgd(), strategy=DDP) is None
