import copy

import pytest
import torch
from torch import nn

from thoughtrank.finetuning.optimizers import master_weights
from thoughtrank.finetuning.optimizers.adafactor import Adafactor
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.muon import Muon

OPTIMIZERS = [AdamW(lr=1e-3, weight_decay=0.1), Muon(lr=1e-3), Adafactor(lr=1e-2)]


def build(model, optimizer, *, masters):
    return optimizer.build(model, steps=20, weights="fp32_master", masters=masters)


def models():
    """A model with bf16 weights, and the same one in float32."""
    torch.manual_seed(0)
    small = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)).to(torch.bfloat16)
    return small, copy.deepcopy(small).float()


def train(model, built, *, steps, seed=0):
    """Steps with the same gradients for every model, which fit bf16."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        for parameter in model.parameters():
            gradient = torch.randn(parameter.shape, generator=generator).to(torch.bfloat16)
            parameter.grad = gradient.to(parameter.dtype)
        built["optimizer"].step()
        built["lr_scheduler"]["scheduler"].step()
        model.zero_grad()


@pytest.mark.parametrize("chunk", [1, 1 << 28], ids=["one by one", "at once"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.name)
def test_bf16_weights_are_those_of_float32_training_rounded(optimizer, chunk, monkeypatch):
    monkeypatch.setattr(master_weights, "_CHUNK", chunk)
    small, wide = models()
    train(small, build(small, optimizer, masters=True), steps=6)
    train(wide, build(wide, optimizer, masters=False), steps=6)
    for found, exact in zip(small.parameters(), wide.parameters(), strict=True):
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found, exact.to(torch.bfloat16), rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.name)
def test_a_resumed_training_has_the_same_masters_and_state(optimizer, tmp_path):
    whole, _ = models()
    built = build(whole, optimizer, masters=True)
    train(whole, built, steps=3)
    torch.save({"model": whole.state_dict(), "optimizer": built["optimizer"].state_dict()}, tmp_path / "state")
    schedule = built["lr_scheduler"]["scheduler"].state_dict()
    saved = torch.load(tmp_path / "state", weights_only=True)
    train(whole, built, steps=3, seed=1)
    resumed, _ = models()
    resumed.load_state_dict(saved["model"])
    again = build(resumed, optimizer, masters=True)
    again["optimizer"].load_state_dict(saved["optimizer"])
    again["lr_scheduler"]["scheduler"].load_state_dict(schedule)
    train(resumed, again, steps=3, seed=1)
    for found, expected in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(found, expected)


def test_weights_without_gradient_stay_as_they_are():
    model, _ = models()
    built = build(model, AdamW(lr=0.1, weight_decay=0.1), masters=True)
    before = model[1].weight.detach().clone()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    built["optimizer"].step(lambda: 1.5)
    assert torch.equal(model[1].weight, before)
    assert model[0].weight.grad is not None
    assert all(master.grad is None for group in built["optimizer"].param_groups for master in group["params"])
