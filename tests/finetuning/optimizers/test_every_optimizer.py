import copy

import pytest
import torch
from optimizer_steps import Block, built, dtype_of, step_without_gradient
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.optimizers.adafactor import Adafactor
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.lr_schedules import schedule_factor
from thoughtrank.finetuning.optimizers.muon import Muon
from thoughtrank.finetuning.strategies import AutoStrategy

BUILT_HERE = [AdamW, Adafactor, Muon]
"""Optimizers that run on any machine; the others need CUDA or a compiler."""
PAIRS = [(kind, weights) for kind in BUILT_HERE for weights in kind.supported_weights]
EVERY_PAIR = pytest.mark.parametrize(("kind", "weights"), PAIRS, ids=lambda value: getattr(value, "name", value))


@pytest.fixture(scope="module")
def model(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)


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


@EVERY_PAIR
def test_the_bytes_reported_before_training_are_those_the_optimizer_holds(kind, weights, model):
    model = copy.deepcopy(model).to(dtype_of(weights))
    optimizer = kind(lr=1e-3)
    reported = MemoryReport(optimizer=optimizer, strategy=AutoStrategy(), weights=weights, description="")
    reported.measure(model, precision="32-true")
    made = optimizer.build(model, steps=5, weights=weights)["optimizer"]
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    made.step()
    tensors = [value for state in made.state.values() for value in state.values() if torch.is_tensor(value)]
    held = sum(each.numel() * each.element_size() for each in tensors if each.numel() > 1)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert reported.trained == count
    per_parameter = reported.per_parameter
    assert held == pytest.approx((per_parameter.optimizer_state + per_parameter.compensation) * count)
    assert per_parameter.weights == per_parameter.gradients == (4 if weights == "fp32_master" else 2)


@EVERY_PAIR
def test_a_saved_and_loaded_optimizer_reaches_the_same_weights(kind, weights, model):
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
