"""Kernels that a variant of ``gpu_training.py`` does not use are hidden from what training really asks for them."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from thoughtrank.finetuning import prepare_model, train
from thoughtrank.finetuning.adapters import NoAdapter
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack
from thoughtrank.finetuning.kernels import chunked_cross_entropy, packed_attention
from thoughtrank.finetuning.optimizers import kahan_adamw
from thoughtrank.finetuning.strategies import AutoStrategy


def prepare_for_cuda():
    settings = {"packing": False, "gradient_checkpointing": False, "compile_layers": False}
    prepare_model.prepare_model(torch.nn.Linear(1, 1), device=torch.device("cuda"), **settings)


def attend():
    layout = pack([EncodedExample((2, 3, 4, 5), first_target=1)]).layout
    query, key, value = torch.randn(3, 1, 2, len(layout.positions), 8)
    packed_attention.packed_attention(None, query, key, value, None, 1.0, packing=layout)


def compute_loss():
    hidden, head = torch.randn(3, 8, requires_grad=True), torch.nn.Linear(8, 9, bias=False)
    chunked_cross_entropy.chunked_cross_entropy(hidden=hidden, head=head, target_ids=torch.arange(3))


def build_module():
    job = SimpleNamespace(
        optimizer={"_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW", "lr": 1e-5},
        objective={"_target_": "thoughtrank.finetuning.objectives.SupervisedFineTuning"},
        weights="fp32_master",
        precision="auto",
    )
    loader = SimpleNamespace(accumulation=1, prepare_next=None)
    train._module(job, adapter=NoAdapter(), strategy=AutoStrategy(accelerator="cpu"), loader=loader)


ASKING = {"liger": prepare_for_cuda, "flash": attend, "loss": compute_loss, "masters": build_module}


@pytest.fixture
def objective(benchmark_module, monkeypatch):
    module = benchmark_module("gpu_profiled_objective")
    for asked, function, _ in module.HIDE.values():
        monkeypatch.setattr(asked, function, getattr(asked, function))  # restored after the test
    return module


def test_every_kernel_is_tested(objective):
    assert set(objective.HIDE) == set(ASKING)


@pytest.mark.parametrize("name", ASKING)
def test_training_asks_for_a_kernel_where_it_is_hidden(objective, name, monkeypatch):
    module, function, _ = objective.HIDE[name]
    objective.hide(name)
    hidden, answers = getattr(module, function), []
    monkeypatch.setattr(module, function, lambda *given, **more: answers.append(hidden(*given, **more)))
    ASKING[name]()
    assert answers
    assert not any(answers)


@pytest.mark.parametrize("name", ASKING)
def test_a_function_that_was_renamed_is_not_replaced(objective, name, monkeypatch):
    module, function, _ = objective.HIDE[name]
    monkeypatch.delattr(module, function)
    with pytest.raises(AssertionError, match=f"has no {function} any more"):
        objective.hide(name)


def test_the_variant_without_the_loss_kernel_keeps_the_other_kernels(objective, monkeypatch):
    compiled = ModuleType("triton_cross_entropy")
    compiled.cross_entropy_in_place = lambda *given, **more: None
    monkeypatch.setitem(sys.modules, "thoughtrank.finetuning.kernels.triton_cross_entropy", compiled)
    monkeypatch.setattr(torch, "zeros", lambda *shape, device, **how: torch.ones(shape, device="meta", **how))
    card = torch.device("cuda")
    chunked_cross_entropy.compiles_triton.cache_clear()
    assert chunked_cross_entropy.fused_cross_entropy(card) is not None
    chunked_cross_entropy.compiles_triton.cache_clear()
    objective.hide("loss")
    assert chunked_cross_entropy.fused_cross_entropy(card) is None
    assert prepare_model.compiles_triton(card)
    assert kahan_adamw.compiles_triton(card)
    chunked_cross_entropy.compiles_triton.cache_clear()
