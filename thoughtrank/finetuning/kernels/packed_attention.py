"""Attention over packed examples, registered with transformers: no example attends to another.

Shapes: T tokens in the packed row, H query heads, K key-value heads, D head_dim; for blocks see ``packed_layout``.

CUDA computes whole rows with ``flash_attention``, where the number format allows it. Short blocks on the CPU go through
``matmul_attention``; all else uses torch's fused kernels block by block.
"""

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.packed_layout import AttentionBlock, PackedLayout
from thoughtrank.finetuning.kernels.autograd import compute_dtype
from thoughtrank.finetuning.kernels.flash_attention import flash_attention
from thoughtrank.finetuning.kernels.matmul_attention import matmul_attention
from thoughtrank.models.flash_support import supports_flash

ATTENTION = "thoughtrank_packed"
_MAX_MATMUL_KEYS = 1024
"""Keys per row up to which matmul attention is used on the CPU; the fused kernel is as fast beyond, and needs less memory."""


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
    """The attention function in the signature of ``transformers.AttentionInterface``.

    Args:
        module: the attention layer.
        query: [1, H, T, D].
        key: [1, K, T, D].
        value: [1, K, T, D].
        attention_mask: always None; transformers builds no mask for attention functions it does not know.
        scaling: factor on the scores.
        packing: attention layout, passed through the model's keyword arguments.
        sliding_window: number of positions a token attends to, itself included; None for all.
        dropout: must be 0.
        softcap: must be None.
        s_aux: attention sinks; must be None.
        unused: further arguments that transformers passes to every attention function.

    Returns:
        [1, T, H, D], and None for the attention weights.

    Raises:
        UserError: the model's attention uses dropout, logit soft-capping or attention sinks.
    """
    if dropout or softcap is not None or s_aux is not None:
        raise UserError(
            "training.packing=true cannot train this model: its attention uses dropout, logit soft-capping or attention "
            "sinks. Set training.packing=false"
        )
    # Rotary embeddings leave float32 queries under autocast.
    dtype = compute_dtype(query)
    q, k, v = (tensor[0].transpose(0, 1).to(dtype) for tensor in (query, key, value))
    with torch.autocast(query.device.type, enabled=False):
        if supports_flash(device=q.device, dtype=q.dtype, head_dim=q.shape[-1]):
            output = flash_attention(q, k, v, lengths=packing.lengths, window=sliding_window, scaling=scaling)
        elif query.device.type == "cpu" and _longest(packing) <= _MAX_MATMUL_KEYS:
            masks = packing.masks(window=sliding_window, dtype=dtype)
            output = matmul_attention(q, k, v, packing=packing.blocked, masks=masks, scaling=scaling)
        else:
            output = _fused_attention(q, k, v, packing=packing, window=sliding_window, scaling=scaling)
    return output.unsqueeze(0), None


def _longest(packing: PackedLayout) -> int:
    """Most keys of a row of attention."""
    return max(block.keys.shape[1] for block in packing.blocked.blocks)


def _fused_attention(
    query: Tensor, key: Tensor, value: Tensor, *, packing: PackedLayout, window: int | None, scaling: float
) -> Tensor:
    """Block by block through torch's kernels; query [T, H, D], key and value [T, K, D]; returns [T, H, D]."""
    masks = _masks_for_kernel(packing, window=window, dtype=query.dtype)
    repeats = query.shape[1] // key.shape[1]
    outputs = []
    for block, mask in zip(packing.blocked.blocks, masks, strict=True):
        q, k, v = _rows(query, block.queries), _rows(key, block.keys), _rows(value, block.keys)
        if repeats > 1:  # the kernels that take a mask do not share key-value heads
            k, v = k.repeat_interleave(repeats, dim=2), v.repeat_interleave(repeats, dim=2)
        output = nn.functional.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=None if mask is None else mask.unsqueeze(1),
            is_causal=mask is None,
            scale=scaling,
        )
        outputs.append(output.transpose(1, 2).flatten(0, 1))
    return torch.cat(outputs).index_select(0, packing.blocked.query_slots)


def _rows(tensor: Tensor, indices: Tensor) -> Tensor:
    """Gather [G, N] ``indices`` of a [T, ..] tensor; the backward pass of indexing with brackets would sort them."""
    return tensor.index_select(0, indices.flatten()).unflatten(0, indices.shape)


def _masks_for_kernel(packing: PackedLayout, *, window: int | None, dtype: torch.dtype) -> list[Tensor | None]:
    """One mask per block; None where the kernel's own causal mask is enough."""

    def plain_causal(block: AttentionBlock) -> bool:
        return block.causal and window is None

    blocks = packing.blocked.blocks
    if all(map(plain_causal, blocks)):
        return [None] * len(blocks)
    masks = packing.masks(window=window, dtype=dtype)
    return [None if plain_causal(block) else mask for block, mask in zip(blocks, masks, strict=True)]


AttentionInterface.register(ATTENTION, packed_attention)
