import copy

import torch
from optimizer_steps import Block, built, dtype_of, step_without_gradient
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.optimizers.adamw import AdamW


def test_every_setting_is_part_of_the_identity():
    other = {
        **{"lr": 0.2, "weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-6},
        **{"warmup_share": 0.2, "schedule": "linear", "decay_share": 0.1, "final_share": 0.2},
    }
    identities = [AdamW(lr=0.1).identity()] + [
        AdamW(**{"lr": 0.1, name: value}).identity() for name, value in other.items()
    ]
    assert len({str(identity) for identity in identities}) == len(other) + 1


def trained(weights, model, *, lr, steps):
    """A real training of a real model on one batch; returns how far each weight went, and the losses."""
    model = copy.deepcopy(model).to(dtype_of(weights))
    before = [parameter.detach().float().clone() for parameter in model.parameters()]
    optimizer = AdamW(lr=lr, schedule="constant_with_warmup", warmup_share=0.0)
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


def test_plain_bf16_loses_small_updates_and_the_other_two_settings_do_not(tiny_folder):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    moved, losses = {}, {}
    for weights in AdamW.supported_weights:
        moved[weights], losses[weights] = trained(weights, model, lr=1e-5, steps=60)
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
        optimizer = built(block, AdamW, weights=weights, steps=1000, lr=1e-3, schedule="constant_with_warmup")[
            "optimizer"
        ]
        for _ in range(200):
            step_without_gradient(block, optimizer)
        expected = (1 - 1e-3 * 0.5) ** 200 if kept else 1.0
        torch.testing.assert_close(block.linear.weight.float().mean().item(), expected, rtol=0.01, atol=0)
