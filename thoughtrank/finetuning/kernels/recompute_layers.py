"""Recompute layers: RMSNorms, MLPs and embeddings of Llama-like models that keep few activations for the backward pass.

Under autocast, transformers' own modules save a norm's input twice in float32, its output once more in bf16 for every matmul
that reads it, and five tensors of the intermediate size per MLP. The layers here save a norm's input and one number per
token, and for a norm with its MLP only the norm's input (see ``recompute_functions``). Liger's kernels (arXiv 2410.10989) do
part of this on CUDA.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, nn

from thoughtrank.finetuning.distributed.sharded_parameters import is_zero3_partitioned
from thoughtrank.finetuning.kernels.autograd import compute_dtype
from thoughtrank.finetuning.kernels.plain_linear import is_plain_linear
from thoughtrank.finetuning.kernels.recompute_functions import RecomputeNormMLP, RecomputeRMSNorm

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SUPPORTED_MODEL_TYPES = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Model types whose norm is weight * x / rms(x), and whose MLP is down(silu(gate(x)) * up(x)) of a norm's output."""


class _RMSNorm(Protocol):
    weight: Tensor
    variance_epsilon: float


class _MLP(Protocol):
    gate_proj: nn.Linear
    up_proj: nn.Linear
    down_proj: nn.Linear


class _DecoderLayer(Protocol):
    post_attention_layernorm: _RMSNorm
    mlp: _MLP


def use_recompute_layers(model: "PreTrainedModel", *, single_device: bool) -> None:
    """Replace the forward methods of supported modules in place; other models and modules stay unchanged.

    Args:
        model: a causal LM.
        single_device: one device trains the whole model, and no hook consumes gradients during the backward pass.
    """
    if model.config.model_type not in SUPPORTED_MODEL_TYPES:
        return
    embedding = model.get_input_embeddings()
    if single_device and type(embedding) is nn.Embedding:
        _replace_forward(embedding, partial(_embed, embedding))
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm"):
            _replace_forward(module, partial(_norm, cast("_RMSNorm", module)))
    for layer in cast("Iterable[_DecoderLayer]", model.get_decoder().layers):
        norm, mlp = layer.post_attention_layernorm, layer.mlp
        projections = [mlp.gate_proj, mlp.up_proj, mlp.down_proj]
        if (
            all(map(is_plain_linear, projections))
            and not is_zero3_partitioned(norm.weight)
            and model.config.hidden_act == "silu"
        ):
            _replace_forward(norm, _identity)  # the MLP applies the norm
            _replace_forward(mlp, partial(_normed_mlp, norm, mlp))


def _replace_forward(module: object, forward: Callable[..., Tensor]) -> None:
    cast("nn.Module", module).forward = forward


def _identity(states: Tensor) -> Tensor:
    return states


def _norm(module: _RMSNorm, states: Tensor) -> Tensor:
    output: Tensor = RecomputeRMSNorm.apply(states, module.weight, module.variance_epsilon, compute_dtype(states))
    return output


def _normed_mlp(norm: _RMSNorm, mlp: _MLP, states: Tensor) -> Tensor:
    weights = (norm.weight, mlp.gate_proj.weight, mlp.up_proj.weight, mlp.down_proj.weight)
    output: Tensor = RecomputeNormMLP.apply(states, *weights, norm.variance_epsilon, compute_dtype(states))
    return output


def _embed(module: nn.Embedding, token_ids: Tensor) -> Tensor:
    """Embedding lookup that adds its gradient to the rows in use; autograd would allocate a gradient of the whole table."""
    table = module.weight
    rows = nn.functional.embedding(token_ids, table.detach(), module.padding_idx)
    if table.requires_grad and torch.is_grad_enabled():
        rows.requires_grad_().register_hook(partial(_add_row_gradients, module, token_ids))
    return rows


def _add_row_gradients(module: nn.Embedding, token_ids: Tensor, gradient: Tensor) -> None:
    table = module.weight
    if table.grad is None:
        table.grad = torch.zeros_like(table)
    rows = gradient.flatten(0, -2).to(table.dtype)
    if module.padding_idx is not None:
        rows = rows.masked_fill((token_ids == module.padding_idx).flatten()[:, None], 0)
    table.grad.index_add_(0, token_ids.flatten(), rows)
