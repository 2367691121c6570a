import copy

import pytest
import torch
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.optim.lr_schedules import schedule_factor
from thoughtrank.finetuning.optimizers import Adafactor, AdamW, DeepSpeedCPUAdam, Muon
from thoughtrank.finetuning.strategies import AutoStrategy

BUILT_HERE = [AdamW, Adafactor, Muon]
"""Optimizers that run on any machine; the others need CUDA or a compiler."""
PAIRS = [(kind, weights) for kind in BUILT_HERE for weights in kind.supported_weights]
EVERY_PAIR = pytest.mark.parametrize(("kind", "weights"), PAIRS, ids=lambda value: getattr(value, "name", value))


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(5, 4)
        self.linear = torch.nn.Linear(4, 4)
        self.norm = torch.nn.LayerNorm(4)


def built(block, kind=AdamW, *, steps=10, weights="fp32_master", **settings):
    optimizer = kind(**{"lr": 0.1, "weight_decay": 0.5, "warmup_share": 0.0, **settings})
    return optimizer.build(block, steps=steps, weights=weights)


def step_without_gradient(block, optimizer):
    for parameter in block.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()


def dtype_of(weights):
    return torch.float32 if weights == "fp32_master" else torch.bfloat16


@pytest.mark.parametrize("kind", BUILT_HERE)
def test_norms_and_biases_get_no_decay_and_matrices_do(kind):
    block = Block()
    torch.nn.init.normal_(block.linear.bias)
    before = {name: parameter.detach().clone() for name, parameter in block.named_parameters()}
    step_without_gradient(block, built(block, kind)["optimizer"])
    for name, parameter in block.named_parameters():
        decayed = name in ("embedding.weight", "linear.weight")
        torch.testing.assert_close(parameter.detach(), before[name] * (0.95 if decayed else 1.0))


@EVERY_PAIR
def test_frozen_weights_are_left_alone(kind, weights):
    block = Block().to(dtype_of(weights))
    block.embedding.weight.requires_grad_(False)
    before = block.embedding.weight.clone()
    step_without_gradient(block, built(block, kind, weights=weights)["optimizer"])
    assert torch.equal(block.embedding.weight, before)


@EVERY_PAIR
def test_the_rate_follows_the_schedule_step_by_step(kind, weights):
    block = Block().to(dtype_of(weights))
    made = built(block, kind, weights=weights, warmup_share=0.2, schedule="linear")
    optimizer, scheduler = made["optimizer"], made["lr_scheduler"]
    assert scheduler["interval"] == "step"
    rates = []
    for _ in range(10):
        rates.append([group["lr"] for group in optimizer.param_groups])
        step_without_gradient(block, optimizer)
        scheduler["scheduler"].step()
    for step, found in enumerate(rates):
        factor = schedule_factor(
            step=step, steps=10, warmup_steps=2, schedule="linear", decay_share=0.2, final_share=0.1
        )
        assert found == pytest.approx([0.1 * factor] * len(found))


def test_every_setting_is_part_of_the_identity():
    other = {
        **{"lr": 0.2, "weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-6},
        **{"warmup_share": 0.2, "schedule": "linear", "decay_share": 0.1, "final_share": 0.2},
    }
    identities = [AdamW(lr=0.1).identity()] + [
        AdamW(**{"lr": 0.1, name: value}).identity() for name, value in other.items()
    ]
    assert len({str(identity) for identity in identities}) == len(other) + 1


def test_muon_steps_hidden_matrices_and_adamw_everything_else():
    torch.manual_seed(0)
    block = Block()
    other = copy.deepcopy(block)
    muon, adamw = (built(each, kind)["optimizer"] for each, kind in ((block, Muon), (other, AdamW)))
    for one, same in zip(block.parameters(), other.parameters(), strict=True):
        one.grad = torch.randn_like(one)
        same.grad = one.grad.clone()
    before = block.linear.weight.detach().clone()
    muon.step()
    adamw.step()
    for name, parameter in block.named_parameters():
        assert torch.equal(parameter, other.get_parameter(name)) == (name != "linear.weight")
    moved = (block.linear.weight.detach() - before * 0.95) / -0.1
    # An orthogonal matrix times 0.2 * sqrt(4): its singular values agree, those of AdamW's step do not.
    values = torch.linalg.svdvals(moved)
    assert values.max() / values.min() < 2


# The number format of the weights.


def trained(kind, weights, model, *, lr, steps):
    """A real training of a real model on one batch; returns how far each weight went, and the losses."""
    model = copy.deepcopy(model).to(dtype_of(weights))
    before = [parameter.detach().float().clone() for parameter in model.parameters()]
    optimizer = kind(lr=lr, schedule="constant_with_warmup", warmup_share=0.0)
    optimizer = optimizer.build(model, steps=steps, weights=weights)["optimizer"]
    token_ids = torch.arange(60).reshape(2, 30) % 97
    losses = []
    for _ in range(steps):
        loss = model(input_ids=token_ids, labels=token_ids).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved = [parameter.detach().float() - old for parameter, old in zip(model.parameters(), before, strict=True)]
    return torch.cat([each.flatten() for each in moved]), losses


@pytest.fixture(scope="module")
def model(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)


def test_plain_bf16_loses_small_updates_and_the_other_two_settings_do_not(model):
    moved, losses = {}, {}
    for weights in AdamW.supported_weights:
        moved[weights], losses[weights] = trained(AdamW, weights, model, lr=1e-5, steps=60)
    distance = {weights: each.abs().mean().item() for weights, each in moved.items()}
    fall = {weights: each[0] - each[-1] for weights, each in losses.items()}
    assert distance["bf16_kahan"] > 0.8 * distance["fp32_master"]
    assert distance["bf16"] < 0.25 * distance["fp32_master"]
    assert fall["bf16_kahan"] > 0.7 * fall["fp32_master"] > 0
    assert fall["bf16"] < 0.4 * fall["fp32_master"]


def test_decay_too_small_for_bf16_is_kept_with_kahan_summation_and_lost_without():
    for weights, kept in (("bf16_kahan", True), ("bf16", False)):
        block = Block().to(torch.bfloat16)
        torch.nn.init.constant_(block.linear.weight, 1.0)
        optimizer = built(block, weights=weights, steps=1000, lr=1e-3, schedule="constant_with_warmup")["optimizer"]
        for _ in range(200):
            step_without_gradient(block, optimizer)
        expected = (1 - 1e-3 * 0.5) ** 200 if kept else 1.0
        torch.testing.assert_close(block.linear.weight.float().mean().item(), expected, rtol=0.01, atol=0)


@EVERY_PAIR
def test_the_bytes_told_before_training_are_those_the_optimizer_holds(kind, weights, model):
    model = copy.deepcopy(model).to(dtype_of(weights))
    optimizer = kind(lr=1e-3)
    told = MemoryReport(optimizer=optimizer, strategy=AutoStrategy(), weights=weights, description="")
    told.measure(model, precision="32-true")
    made = optimizer.build(model, steps=5, weights=weights)["optimizer"]
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    made.step()
    tensors = [value for state in made.state.values() for value in state.values() if torch.is_tensor(value)]
    held = sum(each.numel() * each.element_size() for each in tensors if each.numel() > 1)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert told.trained == count
    per_parameter = told.per_parameter
    assert held == pytest.approx((per_parameter.optimizer_state + per_parameter.compensation) * count)
    assert per_parameter.weights == per_parameter.gradients == (4 if weights == "fp32_master" else 2)


@EVERY_PAIR
def test_a_saved_and_loaded_optimizer_goes_on_to_the_same_weights(kind, weights, model):
    def steps(model, made, numbers):
        for number in numbers:
            generator = torch.Generator().manual_seed(number)
            for parameter in model.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
            made["optimizer"].step()
            made["lr_scheduler"]["scheduler"].step()

    def fresh():
        copied = copy.deepcopy(model).to(dtype_of(weights))
        return copied, kind(lr=1e-3, weight_decay=0.1).build(copied, steps=8, weights=weights)

    whole, made = fresh()
    steps(whole, made, range(8))
    half, made = fresh()
    steps(half, made, range(4))
    saved = copy.deepcopy(
        (half.state_dict(), made["optimizer"].state_dict(), made["lr_scheduler"]["scheduler"].state_dict())
    )
    other, made = fresh()
    other.load_state_dict(saved[0])
    made["optimizer"].load_state_dict(saved[1])
    made["lr_scheduler"]["scheduler"].load_state_dict(saved[2])
    steps(other, made, range(4, 8))
    assert all(torch.equal(*pair) for pair in zip(other.parameters(), whole.parameters(), strict=True))


def test_a_missing_compiler_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    [fault] = DeepSpeedCPUAdam(lr=1e-3).faults()
    assert "C++ compiler" in fault
