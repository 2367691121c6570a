import pytest
import torch

from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.protocols import Optimizer
from thoughtrank.finetuning.strategies import AutoStrategy, DeepSpeedStrategy


class Sgd(Optimizer):
    def build(self, model, *, steps, weights):
        raise NotImplementedError


@pytest.fixture
def model():
    """1000 trained weights and 100 frozen ones."""
    model = torch.nn.Sequential(torch.nn.Linear(100, 10, bias=False), torch.nn.Linear(10, 10, bias=False))
    model[1].to(torch.bfloat16).requires_grad_(False)
    return model


def report(model, *, optimizer=None, strategy=None, weights="fp32_master", precision="auto"):
    made = MemoryReport(
        optimizer=optimizer or AdamW(lr=1e-3),
        strategy=strategy or AutoStrategy(accelerator="cpu"),
        weights=weights,
        description="training",
    )
    made.measure(model, precision=precision)
    return made


def test_trained_and_frozen_weights_are_counted_apart(model):
    found = report(model)
    assert (found.trained, found.frozen_bytes, found.per_parameter.total) == (1000, 200, 16)
    assert "16 bytes per parameter" in found.text()
    assert "0.0 M trained parameters, 0.00 GB of frozen ones" in found.text()


def test_masters_of_the_engine_are_counted_unless_it_trains_in_float32(model):
    zero = DeepSpeedStrategy(stage=2, accelerator="cpu")
    assert report(model, strategy=zero, precision="bf16-true").facts()["bytes_per_parameter"]["masters"] == 4
    assert report(model, strategy=zero, precision="32-true").facts()["bytes_per_parameter"]["masters"] == 0


def test_an_optimizer_that_does_not_state_its_size_is_reported_as_such(model):
    found = report(model, optimizer=Sgd())
    assert "does not state the size of its state" in found.text()
    assert found.facts()["bytes_per_parameter"] is None
    assert found.facts()["trained_parameters"] == 1000


def test_the_facts_have_every_kind_of_memory(model):
    assert report(model, weights="bf16_kahan").facts()["bytes_per_parameter"] == {
        **{"weights": 2, "masters": 0, "gradients": 2, "optimizer_state": 4, "compensation": 2, "total": 10}
    }
