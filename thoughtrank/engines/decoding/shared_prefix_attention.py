"""Attention over a prompt that many branches share.

The keys and values of a prompt are stored once per question and read once per step for all of its branches; each branch
keeps only the keys and values of its own suffix. The scores over both parts go through one softmax (bifurcated attention,
arXiv 2403.08845; Hydragen, arXiv 2402.05099, joins two softmaxes instead).

Shapes as in ``branch_cache.py``; H query heads, G = H / K.
"""

from typing import cast

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from thoughtrank.engines.decoding.kv_cache import BranchCache
from thoughtrank.errors import UserError

ATTENTION = "thoughtrank_shared_prefix"


def causal_attention(query: Tensor, keys: Tensor, values: Tensor, *, scaling: float) -> Tensor:
    """Attention within the prompts of a prefill.

    Args:
        query: [rows, H, p, D].
        keys: [rows, K, s + p, D], of s tokens before the first query as well.
        values: as ``keys``.
        scaling: factor on the scores.

    Returns:
        As ``query``.
    """
    tokens, before = query.shape[2], keys.shape[2] - query.shape[2]
    mask = torch.ones(tokens, before + tokens, dtype=torch.bool, device=query.device).tril(before) if before else None
    return nn.functional.scaled_dot_product_attention(
        query,
        keys,
        values,
        attn_mask=mask,
        is_causal=mask is None,
        scale=scaling,
        enable_gqa=query.shape[1] != keys.shape[1],
    )


def branch_attention(query: Tensor, cache: BranchCache, layer: int, *, scaling: float) -> Tensor:
    """Attention of each branch over its question's prompt and its own suffix.

    Args:
        query: [N, H, D].
        cache: with this step's keys and values stored.
        layer: index of the layer.
        scaling: factor on the scores.

    Returns:
        [N, H, D].
    """
    number, heads, size = query.shape
    keys, values = cache.keys[layer], cache.values[layer]
    kv_heads = keys.shape[1]
    groups = heads // kv_heads
    grouped = query.reshape(number, kv_heads, groups, size)
    prompt_keys = cache.prompt_keys[layer][: cache.num_prompts].flatten(0, 1)
    prompt_values = cache.prompt_values[layer][: cache.num_prompts].flatten(0, 1)
    prompt_scores = _to_rows(torch.bmm(_to_prompts(grouped, cache), prompt_keys.transpose(1, 2)), cache, groups)
    own_keys = keys[:number].flatten(0, 1)
    own_scores = torch.bmm(grouped.flatten(0, 1), own_keys.transpose(1, 2)).unflatten(0, (number, kv_heads))
    scores = torch.cat((prompt_scores, own_scores), dim=-1)
    weights = torch.softmax(torch.add(cache.mask, scores, alpha=scaling), dim=-1)
    width = prompt_scores.shape[-1]
    output = _to_rows(torch.bmm(_to_prompts(weights[..., :width], cache), prompt_values), cache, groups)
    own_values = values[:number].flatten(0, 1)
    own = torch.bmm(weights[..., width:].flatten(0, 1), own_values)
    return (output + own.view_as(output)).reshape(number, heads, size)


def _to_prompts(rows: Tensor, cache: BranchCache) -> Tensor:
    """Put the rows [N, K, G, x] of one prompt below each other: [Q * K, B * G, x]."""
    if not cache.in_order:
        rows = rows.index_select(0, cache.rows_of_slots)
    by_prompt = rows.unflatten(0, (cache.num_prompts, cache.branches_per_prompt)).transpose(1, 2)
    return by_prompt.flatten(2, 3).flatten(0, 1)


def _to_rows(by_prompt: Tensor, cache: BranchCache, groups: int) -> Tensor:
    """The reverse: from [Q * K, B * G, x] to [N, K, G, x]."""
    prompts, branches = cache.num_prompts, cache.branches_per_prompt
    rows = by_prompt.view(prompts, -1, branches, groups, by_prompt.shape[-1]).transpose(1, 2).flatten(0, 1)
    return rows if cache.in_order else rows.index_select(0, cache.slots_of_rows)


def shared_prefix_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    shared_prefix: BranchCache,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **unused: object,
) -> tuple[Tensor, None]:
    """The attention function registered with transformers.

    Args:
        module: the attention layer.
        query: [N, H, 1, D] in decoding, [rows, H, p, D] in prefill.
        key: [rows, K, s + p, D] in prefill, of s tokens that were not read again; in decoding the cache has it.
        value: as ``key``.
        attention_mask: always None; transformers builds no mask for an attention it does not know.
        scaling: factor on the scores.
        shared_prefix: the cache, passed through the model's keyword arguments.
        softcap: bound on the scores, which is not supported.
        s_aux: attention sinks, which are not supported.
        unused: what else transformers passes to every attention function.

    Returns:
        [N, 1, H, D] (in prefill [rows, p, H, D]), and None for the weights.

    Raises:
        UserError: the model's attention is of a kind that is not supported.
    """
    if softcap is not None or s_aux is not None:
        raise UserError(
            "this model's attention bounds its scores or has sinks, which engine=transformers does not know: use another engine"
        )
    if shared_prefix.prefilling is not None:
        return causal_attention(query, key, value, scaling=scaling).transpose(1, 2), None
    output = branch_attention(query[:, :, 0], shared_prefix, cast(int, module.layer_idx), scaling=scaling)
    return output[:, None], None


AttentionInterface.register(ATTENTION, shared_prefix_attention)
