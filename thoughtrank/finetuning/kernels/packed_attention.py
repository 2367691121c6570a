"""Attention over packed examples, registered with transformers: no example sees another.

Shapes: T tokens of the row, H query heads, K key-value heads, E = H / K, D head size; of a block G rows, Q queries and N
keys per row (see ``packing``).

On the CPU the scores of a block are two batched matrix products with the heads that share keys side by side, and the
backward pass computes them again: at a few hundred tokens that is three to four times as fast as torch's fused kernel.
Longer blocks, and other devices, go through the fused kernel.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.packed_layout import AttentionBlock, PackedLayout

ATTENTION = "thoughtrank_packed"
_MOST_KEYS = 1024  # of a block on the CPU; the fused kernel is as fast from here on, and needs less memory


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    packing: PackedLayout,
    sliding_window: int | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **unused: object,
) -> tuple[Tensor, None]:
    """The attention function.

    Args:
        module: the attention layer.
        query: [1, H, T, D].
        key: [1, K, T, D].
        value: as ``key``.
        attention_mask: always None; transformers builds no mask for an attention it does not know.
        scaling: factor on the scores.
        packing: who sees whom, passed through the model's keyword arguments.
        sliding_window: a token sees that many positions, itself included; None for all.
        dropout: must be 0.
        softcap: must be None.
        s_aux: must be None.
        unused: what else transformers passes to every attention function.

    Returns:
        [1, T, H, D], and None for the weights.

    Raises:
        UserError: the model's attention does more than this one.
    """
    if dropout or softcap is not None or s_aux is not None:
        raise UserError(
            "training.packing=true cannot train this model, whose attention has dropout, capped scores or sinks: set "
            "training.packing=false"
        )
    device = query.device.type
    # Rotary embeddings leave float32 queries under autocast.
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else query.dtype
    q, k, v = (tensor[0].transpose(0, 1).to(dtype) for tensor in (query, key, value))
    masks = packing.masks(window=sliding_window, dtype=dtype)
    longest = max(block.keys.shape[1] for block in packing.blocks)
    with torch.autocast(device, enabled=False):
        if device == "cpu" and longest <= _MOST_KEYS:
            output = _ProductAttention.apply(q, k, v, packing, masks, scaling)
        else:
            output = _fused_attention(q, k, v, packing, masks if sliding_window is not None else None, scaling)
    return output.unsqueeze(0), None


def _fused_attention(
    query: Tensor, key: Tensor, value: Tensor, packing: PackedLayout, masks: list[Tensor] | None, scaling: float
) -> Tensor:
    """Block by block through torch's kernels; query [T, H, D], key and value [T, K, D]."""
    outputs = []
    repeats = query.shape[1] // key.shape[1]
    plain = packing.masks(window=None, dtype=query.dtype)
    for number, block in enumerate(packing.blocks):
        causal = block.causal and masks is None
        mask = None if causal else (masks or plain)[number].unsqueeze(1)
        q, k, v = query[block.queries], key[block.keys], value[block.keys]
        if repeats > 1:
            k, v = k.repeat_interleave(repeats, dim=2), v.repeat_interleave(repeats, dim=2)
        output = nn.functional.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask, is_causal=causal, scale=scaling
        )
        outputs.append(output.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs).index_select(0, packing.query_slots)


class _ProductAttention(torch.autograd.Function):
    """Two matrix products per block; the backward pass computes the scores again."""

    @staticmethod
    def forward(
        context: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        packing: PackedLayout,
        masks: list[Tensor],
        scaling: float,
    ) -> Tensor:
        """Query [T, H, D], key and value [T, K, D]; returns [T, H, D]."""
        context.save_for_backward(query, key, value)
        context.packing, context.masks, context.scaling = packing, masks, scaling
        outputs = []
        for block, mask in zip(packing.blocks, masks, strict=True):
            q, k, v = _rows_of(query, block.queries, key.shape[1]), _keys_of(key, block), _keys_of(value, block)
            outputs.append(_places_of(torch.bmm(_weights(q, k, mask, block, scaling), v), block, query.shape[1]))
        return torch.cat(outputs).index_select(0, packing.query_slots)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of query, key and value."""
        query, key, value = context.saved_tensors
        packing: PackedLayout = context.packing
        heads, kv_heads = query.shape[1], key.shape[1]
        for_query, for_key, for_value = [], [], []
        for block, mask in zip(packing.blocks, context.masks, strict=True):
            q, k, v = _rows_of(query, block.queries, kv_heads), _keys_of(key, block), _keys_of(value, block)
            out = _rows_of(gradient, block.queries, kv_heads, padding=block.query_padding)
            weights = _weights(q, k, mask, block, context.scaling)
            for_value.append(torch.bmm(weights.transpose(1, 2), out))
            for_weights = torch.bmm(out, v.transpose(1, 2))
            scores = torch._softmax_backward_data(for_weights, weights, -1, weights.dtype).mul_(context.scaling)
            for_query.append(_places_of(torch.bmm(scores, k), block, heads))
            for_key.append(torch.bmm(scores.transpose(1, 2), q))
        return (
            torch.cat(for_query).index_select(0, packing.query_slots),
            _sum_over_slots(for_key, packing, kv_heads),
            _sum_over_slots(for_value, packing, kv_heads),
            None,
            None,
            None,
        )


def _rows_of(tensor: Tensor, places: Tensor, kv_heads: int, *, padding: Tensor | None = None) -> Tensor:
    """Take [G, Q] ``places`` of a [T, H, D] tensor: [G * K, Q * E, D], zeros where ``padding`` is True."""
    rows, queries = places.shape
    taken = tensor.index_select(0, places.flatten())
    if padding is not None:
        taken.masked_fill_(padding.flatten()[:, None, None], 0)
    shape = (rows, queries, kv_heads, tensor.shape[1] // kv_heads, tensor.shape[2])
    return taken.view(shape).transpose(1, 2).reshape(rows * kv_heads, -1, tensor.shape[2])


def _keys_of(tensor: Tensor, block: AttentionBlock) -> Tensor:
    """Take a block's keys of a [T, K, D] tensor: [G * K, N, D]."""
    rows, keys = block.keys.shape
    taken = tensor.index_select(0, block.keys.flatten())
    return taken.view(rows, keys, *tensor.shape[1:]).transpose(1, 2).reshape(-1, keys, tensor.shape[2])


def _weights(query: Tensor, key: Tensor, mask: Tensor, block: AttentionBlock, scaling: float) -> Tensor:
    """Softmax of the scores, [G * K, Q * E, N]."""
    scores = torch.bmm(query, key.transpose(1, 2)).mul_(scaling)
    rows, queries = block.queries.shape
    scores.view(rows, -1, queries, scores.shape[1] // queries, key.shape[1]).add_(mask[:, None, :, None, :])
    return torch.softmax(scores, dim=-1)


def _places_of(output: Tensor, block: AttentionBlock, heads: int) -> Tensor:
    """From [G * K, Q * E, D] to the slots of the queries, [G * Q, H, D]."""
    rows, queries = block.queries.shape
    return (
        output.view(rows, -1, queries, output.shape[1] // queries, output.shape[2])
        .transpose(1, 2)
        .reshape(rows * queries, heads, output.shape[2])
    )


def _sum_over_slots(parts: list[Tensor], packing: PackedLayout, kv_heads: int) -> Tensor:
    """Gradients of the keys [G * K, N, D] of all blocks, summed for each token: [T, K, D].

    A token is a key of its own trunk or branch once, and one of a shared prompt once more for the branches.
    """
    slots = torch.cat(
        [
            part.view(-1, kv_heads, *part.shape[1:]).transpose(1, 2).reshape(-1, kv_heads, part.shape[2])
            for part in parts
        ]
    )
    total = slots.index_select(0, packing.key_slots)
    num_shared = len(packing.prompt_slots)
    if num_shared:
        total[:num_shared] += slots.index_select(0, packing.prompt_slots)
    return total


AttentionInterface.register(ATTENTION, packed_attention)
