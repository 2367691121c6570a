"""A small network, and steps of an optimizer on it."""

import torch


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(5, 4)
        self.linear = torch.nn.Linear(4, 4)
        self.norm = torch.nn.LayerNorm(4)


def built(block, kind, *, steps=10, weights="fp32_master", **settings):
    optimizer = kind(**{"lr": 0.1, "weight_decay": 0.5, "warmup_share": 0.0, **settings})
    return optimizer.build(block, steps=steps, weights=weights)


def step_without_gradient(block, optimizer):
    for parameter in block.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()


def dtype_of(weights):
    return torch.float32 if weights == "fp32_master" else torch.bfloat16
