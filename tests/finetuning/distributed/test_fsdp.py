"""FSDP on one CPU process; test_strategies.py runs it on two."""

from types import SimpleNamespace

import pytest
import torch
from pytorch_lightning.plugins.precision import FSDPPrecision
from torch import distributed
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.distributed.fsdp import FullyShardedEngine, FullyShardedStrategy
from thoughtrank.finetuning.distributed.sharded_parameters import full_shape


class Module(torch.nn.Module):
    """A stand-in for the LightningModule around a model."""

    def __init__(self, model):
        super().__init__()
        self.causal_lm = self.model = model

    def forward(self, token_ids):
        return self.model(input_ids=token_ids, labels=token_ids).loss


@pytest.fixture
def one_process(tmp_path):
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


class OneProcess(FullyShardedStrategy):
    root_device = torch.device("cpu")


def precision(name):
    return FSDPPrecision(name)


def test_buffers_and_sums_of_gradients_stay_float32():
    strategy = FullyShardedStrategy()
    strategy._precision_plugin = precision("bf16-mixed")
    config = strategy.mixed_precision_config
    assert config.param_dtype == torch.bfloat16
    assert config.buffer_dtype == config.reduce_dtype == torch.float32
    strategy._precision_plugin = precision("32-true")
    assert strategy.mixed_precision_config is None


def test_sharded_weights_are_gathered_under_their_own_names(one_process, tiny_folder):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    expected = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    strategy = OneProcess()
    strategy._precision_plugin = precision("32-true")
    wrapped = strategy._setup_model(Module(model))
    trainer = SimpleNamespace(strategy=SimpleNamespace(model=wrapped), is_global_zero=True)
    engine = FullyShardedEngine(trainer)
    assert sorted(map(full_shape, model.parameters())) == sorted(tuple(each.shape) for each in expected.values())
    gathered = engine.gather_weights(model)
    assert gathered.keys() == expected.keys()
    assert all(torch.equal(gathered[name], expected[name]) for name in expected)


def test_clipping_takes_the_norm_of_the_whole_gradient(one_process, tiny_folder):
    token_ids = torch.arange(20)[None]
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    model(input_ids=token_ids, labels=token_ids).loss.backward()
    expected = torch.nn.utils.get_total_norm([parameter.grad for parameter in model.parameters()])
    model.zero_grad()
    strategy = OneProcess()
    strategy._precision_plugin = precision("32-true")
    wrapped = strategy._setup_model(Module(model))
    engine = FullyShardedEngine(SimpleNamespace(strategy=SimpleNamespace(model=wrapped), is_global_zero=True))
    wrapped(token_ids).backward()
    engine.clip_gradients(wrapped, max_norm=1e-3)
    assert engine.gradient_norm == pytest.approx(float(expected), rel=1e-4)
