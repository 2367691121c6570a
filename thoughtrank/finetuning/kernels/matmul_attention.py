"""Block attention as two batched matmuls per block, with scores recomputed in the backward pass.

Query heads that share a key-value head are stacked into one matmul. At a few hundred tokens on the CPU this is three to four
times as fast as torch's fused kernel.

Shapes: T tokens in the packed row, H query heads, K key-value heads, E = H / K, D head_dim; of a block G rows, Q queries and N
keys per row. For slots see ``packed_layout``.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from thoughtrank.finetuning.batching.packed_layout import AttentionBlock, BlockedRow
from thoughtrank.finetuning.kernels.autograd import AutogradContext


def matmul_attention(
    query: Tensor, key: Tensor, value: Tensor, *, packing: BlockedRow, masks: list[Tensor], scaling: float
) -> Tensor:
    """Attention within the blocks of ``packing``.

    Args:
        query: [T, H, D].
        key: [T, K, D].
        value: [T, K, D].
        packing: the packed row in blocks.
        masks: additive mask of each block, [G or 1, Q, N].
        scaling: factor on the scores.

    Returns:
        [T, H, D].
    """
    output: Tensor = _MatmulAttention.apply(query, key, value, packing, masks, scaling)
    return output


class _Context(AutogradContext):
    packing: BlockedRow
    masks: list[Tensor]
    scaling: float


class _MatmulAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        context: _Context,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        packing: BlockedRow,
        masks: list[Tensor],
        scaling: float,
    ) -> Tensor:
        context.save_for_backward(query, key, value)
        context.packing, context.masks, context.scaling = packing, masks, scaling
        outputs = []
        for block, mask in zip(packing.blocks, masks, strict=True):
            q, k, v = _query_rows(query, block.queries, key.shape[1]), _key_rows(key, block), _key_rows(value, block)
            weights = _attention_weights(q, k, mask, block, scaling)
            outputs.append(_to_query_slots(torch.bmm(weights, v), block, query.shape[1]))
        return torch.cat(outputs).index_select(0, packing.query_slots)

    @staticmethod
    @once_differentiable
    def backward(context: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value = context.saved_tensors
        packing = context.packing
        heads, kv_heads = query.shape[1], key.shape[1]
        query_gradients, key_gradients, value_gradients = [], [], []
        for block, mask in zip(packing.blocks, context.masks, strict=True):
            q, k, v = _query_rows(query, block.queries, kv_heads), _key_rows(key, block), _key_rows(value, block)
            out = _query_rows(gradient, block.queries, kv_heads, padding=block.query_padding)
            weights = _attention_weights(q, k, mask, block, context.scaling)
            value_gradients.append(torch.bmm(weights.transpose(1, 2), out))
            weight_gradient = torch.bmm(out, v.transpose(1, 2))
            score_gradient = torch._softmax_backward_data(weight_gradient, weights, -1, weights.dtype)
            score_gradient.mul_(context.scaling)
            query_gradients.append(_to_query_slots(torch.bmm(score_gradient, k), block, heads))
            key_gradients.append(torch.bmm(score_gradient.transpose(1, 2), q))
        return (
            torch.cat(query_gradients).index_select(0, packing.query_slots),
            _sum_over_key_slots(key_gradients, packing, kv_heads),
            _sum_over_key_slots(value_gradients, packing, kv_heads),
            None,
            None,
            None,
        )


def _query_rows(tensor: Tensor, indices: Tensor, kv_heads: int, *, padding: Tensor | None = None) -> Tensor:
    """Gather [G, Q] ``indices`` of a [T, H, D] tensor into [G * K, Q * E, D], zeros where ``padding`` is True."""
    rows, queries = indices.shape
    gathered = tensor.index_select(0, indices.flatten())
    if padding is not None:
        gathered.masked_fill_(padding.flatten()[:, None, None], 0)
    shape = (rows, queries, kv_heads, tensor.shape[1] // kv_heads, tensor.shape[2])
    return gathered.view(shape).transpose(1, 2).reshape(rows * kv_heads, -1, tensor.shape[2])


def _key_rows(tensor: Tensor, block: AttentionBlock) -> Tensor:
    """Gather a block's keys of a [T, K, D] tensor into [G * K, N, D]."""
    rows, keys = block.keys.shape
    gathered = tensor.index_select(0, block.keys.flatten())
    return gathered.view(rows, keys, *tensor.shape[1:]).transpose(1, 2).reshape(-1, keys, tensor.shape[2])


def _attention_weights(query: Tensor, key: Tensor, mask: Tensor, block: AttentionBlock, scaling: float) -> Tensor:
    """Softmax of the scores, [G * K, Q * E, N]."""
    scores = torch.bmm(query, key.transpose(1, 2)).mul_(scaling)
    rows, queries = block.queries.shape
    scores.view(rows, -1, queries, scores.shape[1] // queries, key.shape[1]).add_(mask[:, None, :, None, :])
    return torch.softmax(scores, dim=-1)


def _to_query_slots(output: Tensor, block: AttentionBlock, heads: int) -> Tensor:
    """From [G * K, Q * E, D] to one row per query slot, [G * Q, H, D]."""
    rows, queries = block.queries.shape
    return (
        output.view(rows, -1, queries, output.shape[1] // queries, output.shape[2])
        .transpose(1, 2)
        .reshape(rows * queries, heads, output.shape[2])
    )


def _sum_over_key_slots(parts: list[Tensor], packing: BlockedRow, kv_heads: int) -> Tensor:
    """Sum gradients of the keys [G * K, N, D] of all blocks per token, [T, K, D].

    Each token is a key once in the block where it is a query; a shared one also in every row that attends to it. These may be
    as many as there are examples, so they are summed in float32 or better.
    """
    slots = torch.cat(
        [
            part.view(-1, kv_heads, *part.shape[1:]).transpose(1, 2).reshape(-1, kv_heads, part.shape[2])
            for part in parts
        ]
    )
    total = slots.index_select(0, packing.key_slots)
    if len(packing.shared_tokens):
        tokens, owners = packing.shared_tokens.unique(return_inverse=True)
        precise = torch.promote_types(total.dtype, torch.float32)
        shared = slots.index_select(0, packing.shared_slots).to(precise)
        sums = total.index_select(0, tokens).to(precise).index_add_(0, owners, shared)
        total.index_copy_(0, tokens, sums.to(total.dtype))
    return total
