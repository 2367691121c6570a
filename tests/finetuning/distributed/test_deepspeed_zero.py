"""What the DeepSpeed engine does without processes of its own; test_strategies.py runs the real thing on two."""

import shutil
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.deepspeed_zero import ZeroEngine, ZeroStrategy


class WholeStrategy(ZeroStrategy):
    """A model that ZeRO-3 would partition, left whole on one rank."""

    def empty_partitioned_model(self, folder, *, dtype):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=dtype)


class WholeEngine(ZeroEngine):
    def _fill(self, parameter, read):
        parameter.data.copy_(read())


def engine(stage):
    trainer = SimpleNamespace(strategy=WholeStrategy(stage=stage), world_size=2, is_global_zero=True)
    return WholeEngine(trainer)


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def test_the_loss_is_scaled_once_more_than_elsewhere():
    loss = torch.tensor(0.5)
    # Lightning and DeepSpeed both divide by the micro-batches, and gradients are averaged over the ranks.
    assert engine(2).scale_loss(loss, accumulation=4) / 4 / 4 / 2 == pytest.approx(loss)


def test_every_micro_batch_is_computed_since_deepspeed_counts_them():
    alone = engine(2)
    alone.trainer.world_size = 1
    assert alone.computes_every_batch


@pytest.mark.parametrize("stage", [2, 3])
def test_the_loaded_model_has_the_weights_of_the_folder(stage, folder):
    model = engine(stage).load_model(str(folder), dtype=torch.bfloat16)
    for name, tensor in load_file(folder / "model.safetensors").items():
        assert torch.equal(model.get_parameter(name), tensor), name


def test_files_with_other_tensors_than_the_model_are_a_fault_that_names_them(folder):
    tensors = load_file(folder / "model.safetensors")
    removed = next(name for name in tensors if "layers.0" in name)
    tensors["stranger"] = tensors.pop(removed)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError) as caught:
        engine(3).load_model(str(folder), dtype=torch.bfloat16)
    assert removed in str(caught.value)
    assert "stranger" in str(caught.value)


def test_gradients_are_left_to_deepspeed():
    module = torch.nn.Linear(1, 1)
    module.weight.grad = torch.ones(1, 1)
    engine(2).clip_gradients(module, max_norm=1e-3)
    engine(2).free_gradients(module)
    assert torch.equal(module.weight.grad, torch.ones(1, 1))


def test_weights_are_gathered_only_where_they_are_sharded():
    assert engine(2).gather_weights(torch.nn.Linear(1, 1)) is None
