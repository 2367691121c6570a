from types import SimpleNamespace

import pytest
import torch
from torch import nn

from thoughtrank.finetuning.distributed.training_engine import TrainingEngine


@pytest.fixture
def engine():
    return TrainingEngine(SimpleNamespace(world_size=3, is_global_zero=True))


@pytest.fixture
def module():
    module = nn.Linear(2, 1, bias=False)
    module.weight.grad = torch.tensor([[3.0, 4.0]])
    return module


def test_scaling_undoes_the_mean_over_micro_batches_and_ranks(engine):
    loss = torch.tensor(0.5)
    assert engine.scale_loss(loss, accumulation=4) / 4 / 3 == pytest.approx(loss)


def test_clipping_keeps_the_norm_that_the_gradient_had(engine, module):
    assert engine.gradient_norm is None
    engine.clip_gradients(module, max_norm=1.0)
    assert engine.gradient_norm == pytest.approx(5.0)
    torch.testing.assert_close(module.weight.grad, torch.tensor([[0.6, 0.8]]))


def test_gradients_are_freed(engine, module):
    engine.free_gradients(module)
    assert module.weight.grad is None


def test_the_model_is_loaded_whole_and_there_is_nothing_to_gather(engine, tiny_folder):
    model = engine.load_model(str(tiny_folder), dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert engine.gather_weights(model) is None
