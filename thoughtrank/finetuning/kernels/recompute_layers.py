"""Norms, feed-forward layers and embeddings of Llama-like models that keep little for the backward pass.

Under autocast transformers' own modules keep a norm's input twice in float32, its output once more in bf16 for every product
that reads it, and of a feed-forward layer five tensors of its inner size. Here a norm keeps its input and one number per token,
and a feed-forward layer with the norm before it nothing but that norm's input: the two inner products are made again in the
backward pass, a sixth of the products of a layer's step. Liger's kernels (arXiv 2410.10989) do part of this on CUDA.

Shapes: D hidden size, I inner size; tokens in any number of leading dimensions.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LEAN_MODELS = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Model types whose norm is weight * x / rms(x), whose feed-forward layer is down(silu(gate(x)) * up(x)), and which add that to
what the norm before it read."""


def make_lean(model: Any, *, alone: bool) -> None:
    """Exchange the forward passes of what this file knows, in place; other models and modules are left as they are.

    Args:
        model: a causal LM.
        alone: one device trains it, and nothing collects gradients as they come.
    """
    if model.config.model_type not in LEAN_MODELS:
        return
    if alone and type(model.get_input_embeddings()) is nn.Embedding:
        model.get_input_embeddings().forward = partial(_embed, model.get_input_embeddings())
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            module.forward = partial(_norm, module)
    for layer in model.get_decoder().layers:
        norm, layers = layer.post_attention_layernorm, layer.mlp
        parts = [layers.gate_proj, layers.up_proj, layers.down_proj]
        if all(map(_is_plain, parts)) and not hasattr(norm.weight, "ds_id") and model.config.hidden_act == "silu":
            norm.forward = _pass_on
            layers.forward = partial(_normed_feed_forward, norm, layers)


def _is_plain(module: Any) -> bool:
    """One whole matrix: no adapter, no bias, not divided by DeepSpeed."""
    whole = type(module) is nn.Linear and module.bias is None
    return whole and type(module.weight) is nn.Parameter and not hasattr(module.weight, "ds_id")


def _dtype_of(tensor: Tensor) -> torch.dtype:
    """What a matrix product would compute in here."""
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else tensor.dtype


def _norm(module: Any, states: Tensor) -> Tensor:
    return _LeanNorm.apply(states, module.weight, module.variance_epsilon, _dtype_of(states))


def _embed(module: Any, token_ids: Tensor) -> Tensor:
    """Rows of the table, whose gradient is added where it belongs: autograd would make a whole table of it."""
    table = module.weight
    rows = nn.functional.embedding(token_ids, table.detach(), module.padding_idx)
    if table.requires_grad and torch.is_grad_enabled():
        rows.requires_grad_().register_hook(partial(_add_rows, module, token_ids))
    return rows


def _add_rows(module: Any, token_ids: Tensor, gradient: Tensor) -> None:
    table = module.weight
    if table.grad is None:
        table.grad = torch.zeros_like(table)
    rows = gradient.flatten(0, -2).to(table.dtype)
    if module.padding_idx is not None:
        rows = rows.masked_fill((token_ids == module.padding_idx).flatten()[:, None], 0)
    table.grad.index_add_(0, token_ids.flatten(), rows)


def _pass_on(states: Tensor) -> Tensor:
    return states


def _normed_feed_forward(norm: Any, module: Any, states: Tensor) -> Tensor:
    weights = [layer.weight for layer in (norm, module.gate_proj, module.up_proj, module.down_proj)]
    return _NormedFeedForward.apply(states, *weights, norm.variance_epsilon, _dtype_of(states))


def _scale(states: Tensor, epsilon: float) -> Tensor:
    """One over the root mean square of float32 states [.., D], [.., 1]."""
    return torch.rsqrt(states.square().mean(-1, keepdim=True).add_(epsilon))


def _norm_gradients(gradient: Tensor, normal: Tensor, weight: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Of states [.., D] and weight [D], from that of the norm's output; all but the weight in float32."""
    for_weight = (gradient * normal).flatten(0, -2).sum(0).to(weight.dtype)
    gradient = gradient * weight
    along = (gradient * normal).mean(-1, keepdim=True)
    return torch.addcmul(gradient, normal, along, value=-1).mul_(scale), for_weight


class _LeanNorm(torch.autograd.Function):
    """Root-mean-square norm (arXiv 1910.07467)."""

    @staticmethod
    def forward(context: Any, states: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        """States [.., D], weight [D]; returns [.., D] in ``dtype``."""
        wide = states.float()
        scale = _scale(wide, epsilon)
        context.save_for_backward(states, weight, scale)
        return (weight * (wide * scale).to(states.dtype)).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of states and weight."""
        states, weight, scale = context.saved_tensors
        for_states, for_weight = _norm_gradients(gradient.float(), states.float() * scale, weight, scale)
        return for_states.to(states.dtype), for_weight, None, None


class _NormedFeedForward(torch.autograd.Function):
    """down(silu(gate(x)) * up(x)) (SwiGLU, arXiv 2002.05202) of the norm of the states."""

    @staticmethod
    def forward(
        context: Any,
        states: Tensor,
        norm: Tensor,
        gate: Tensor,
        up: Tensor,
        down: Tensor,
        epsilon: float,
        dtype: torch.dtype,
    ) -> Tensor:
        """States [.., D], norm [D], gate and up [I, D], down [D, I]; returns [.., D] in ``dtype``."""
        context.save_for_backward(states, norm, gate, up, down)
        context.epsilon, context.dtype = epsilon, dtype
        with torch.autocast(states.device.type, enabled=False):
            wide = states.float()
            x = (norm * (wide * _scale(wide, epsilon)).to(states.dtype)).to(dtype).flatten(0, -2)
            gated, raised = x @ gate.to(dtype).T, x @ up.to(dtype).T
            return (nn.functional.silu(gated).mul_(raised) @ down.to(dtype).T).view(states.shape)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of states, norm, gate, up and down."""
        states, norm, gate, up, down = context.saved_tensors
        wanted, dtype = context.needs_input_grad, context.dtype
        wide = states.float().flatten(0, -2)
        scale = _scale(wide, context.epsilon)
        normal = wide * scale
        x = (norm * normal.to(states.dtype)).to(dtype)
        gate_copy, up_copy = gate.to(dtype), up.to(dtype)
        gated, raised = x @ gate_copy.T, x @ up_copy.T
        out = gradient.to(dtype).flatten(0, -2)
        opened = nn.functional.silu(gated)
        for_down = _weight_gradient(out, opened * raised, down) if wanted[4] else None
        for_inner = out @ down.to(dtype)
        for_raised = opened.mul_(for_inner)
        for_gated = torch.ops.aten.silu_backward(for_inner.mul_(raised), gated)
        for_x = (for_gated @ gate_copy).addmm_(for_raised, up_copy)
        for_states, for_norm = _norm_gradients(for_x.float(), normal, norm, scale)
        return (
            for_states.view(states.shape).to(states.dtype),
            for_norm if wanted[1] else None,
            _weight_gradient(for_gated, x, gate) if wanted[2] else None,
            _weight_gradient(for_raised, x, up) if wanted[3] else None,
            for_down,
            None,
            None,
        )


def _weight_gradient(output: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    return (output.T @ states).to(weight.dtype)
