"""Norms and feed-forward layers of Llama-like models that keep little for the backward pass, and pass over memory less often.

Under autocast transformers' own modules keep a norm's input twice in float32, and its output once more in bf16 for every
product that reads it; of a feed-forward layer they keep five tensors of its inner size. Here a norm keeps its input and one
number per token, and a feed-forward layer the two inner tensors that no later one can be computed from. Liger's kernels
(arXiv 2410.10989) do the same on CUDA.

Shapes: D hidden size, I inner size; tokens in any number of leading dimensions.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LEAN_MODELS = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Model types whose norm is weight * x / rms(x), and whose feed-forward layer is down(silu(gate(x)) * up(x))."""


def make_lean(model: Any) -> None:
    """Exchange the forward passes of what this file knows, in place; other models and modules are left as they are."""
    if model.config.model_type not in LEAN_MODELS:
        return
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = partial(_norm, module)
        elif type(module).__name__.endswith("MLP") and _is_plain(module):
            module.forward = partial(_feed_forward, module)


def _is_plain(module: Any) -> bool:
    """Whether a feed-forward layer is three whole matrices (no adapter, no bias, not divided by DeepSpeed) around a SiLU."""
    layers = [module.gate_proj, module.up_proj, module.down_proj]
    whole = all(
        type(layer) is nn.Linear
        and layer.bias is None
        and type(layer.weight) is nn.Parameter
        and not hasattr(layer.weight, "ds_id")
        for layer in layers
    )
    return whole and module.config.hidden_act == "silu"


def _dtype_of(tensor: Tensor) -> torch.dtype:
    """What a matrix product would compute in here."""
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else tensor.dtype


def _norm(module: Any, states: Tensor) -> Tensor:
    return _LeanNorm.apply(states, module.weight, module.variance_epsilon, _dtype_of(states))


def _feed_forward(module: Any, states: Tensor) -> Tensor:
    layers = (module.gate_proj, module.up_proj, module.down_proj)
    return _LeanFeedForward.apply(states, *(layer.weight for layer in layers), _dtype_of(states))


class _LeanNorm(torch.autograd.Function):
    """Root-mean-square norm (arXiv 1910.07467)."""

    @staticmethod
    def forward(context: Any, states: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        """States [.., D], weight [D]; returns [.., D] in ``dtype``."""
        wide = states.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True).add_(epsilon))
        context.save_for_backward(states, weight, scale)
        return (weight * (wide * scale).to(states.dtype)).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of states and weight."""
        states, weight, scale = context.saved_tensors
        gradient = gradient.float()
        normal = states.float() * scale
        for_weight = (gradient * normal).flatten(0, -2).sum(0).to(weight.dtype) if context.needs_input_grad[1] else None
        gradient = gradient * weight
        along = (gradient * normal).mean(-1, keepdim=True)
        for_states = torch.addcmul(gradient, normal, along, value=-1).mul_(scale)
        return for_states.to(states.dtype), for_weight, None, None


class _LeanFeedForward(torch.autograd.Function):
    """down(silu(gate(x)) * up(x)) (SwiGLU, arXiv 2002.05202)."""

    @staticmethod
    def forward(context: Any, states: Tensor, gate: Tensor, up: Tensor, down: Tensor, dtype: torch.dtype) -> Tensor:
        """States [.., D], gate and up [I, D], down [D, I]; returns [.., D] in ``dtype``."""
        with torch.autocast(states.device.type, enabled=False):
            x = states.to(dtype).flatten(0, -2)
            gated, raised = x @ gate.to(dtype).T, x @ up.to(dtype).T
            inner = nn.functional.silu(gated).mul_(raised)
            output = inner @ down.to(dtype).T
        context.save_for_backward(x, gated, raised, gate, up, down)
        context.shape, context.dtype = states.shape, states.dtype
        return output.view(states.shape)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of states, gate, up and down."""
        x, gated, raised, gate, up, down = context.saved_tensors
        out = gradient.to(x.dtype).flatten(0, -2)
        opened = nn.functional.silu(gated)
        for_down = _weight_gradient(out, opened * raised, down) if context.needs_input_grad[3] else None
        for_inner = out @ down.to(x.dtype)
        for_raised = opened.mul_(for_inner)
        for_gated = torch.ops.aten.silu_backward(for_inner.mul_(raised), gated)
        for_states = (for_gated @ gate.to(x.dtype)).addmm_(for_raised, up.to(x.dtype))
        return (
            for_states.view(context.shape).to(context.dtype),
            _weight_gradient(for_gated, x, gate) if context.needs_input_grad[1] else None,
            _weight_gradient(for_raised, x, up) if context.needs_input_grad[2] else None,
            for_down,
            None,
        )


def _weight_gradient(output: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    return (output.T @ states).to(weight.dtype)
