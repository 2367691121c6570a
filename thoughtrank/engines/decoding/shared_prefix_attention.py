"""Attention over a prompt that many branches share.

The keys and values of a prompt are stored once per question and read once per step for all of its branches; each branch
stores only the keys and values of its own suffix. One softmax is taken over the scores of both parts (bifurcated attention,
arXiv 2403.08845; Hydragen, arXiv 2402.05099, combines two softmaxes instead).

Shapes as in ``kv_cache.py``; H query heads, G = H / K.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.attention.bias import CausalBias, causal_lower_right
from transformers import AttentionInterface

from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.errors import UserError

ATTENTION = "thoughtrank_shared_prefix"


def causal_attention(query: Tensor, keys: Tensor, values: Tensor, *, scaling: float, mask: Tensor | None) -> Tensor:
    """Attention within the sequences of a prefill.

    Args:
        query: [rows, H, p, D].
        keys: [rows, K, s + p, D]; the first s tokens come before the first query.
        values: as ``keys``.
        scaling: factor on the scores.
        mask: of the prefill; see ``prefill_mask``.

    Returns:
        As ``query``.
    """
    groups = query.shape[1] // keys.shape[1]
    if groups > 1 and mask is not None and not _takes_groups(mask):
        keys, values = (each.repeat_interleave(groups, dim=1) for each in (keys, values))
        groups = 1
    return nn.functional.scaled_dot_product_attention(
        query, keys, values, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=groups > 1
    )


def _takes_groups(mask: Tensor) -> bool:
    """Whether a kernel that is not the plain computation takes this mask, and several query heads per key-value head.

    On CUDA flash attention takes these heads but no mask of its own, and the kernel that takes a mask has one head for each.
    """
    return isinstance(mask, CausalBias) or mask.device.type != "cuda"


def prefill_mask(prefill: Prefill, device: torch.device) -> Tensor | None:
    """Which keys each token of a prefill attends to, [rows, 1, p, s + p], or [p, s + p] where it is the same in all rows.

    The s keys before the first token that is read are as many as those of the longest beginning; shorter beginnings end
    before. None if the kernels' own causal mask is right.
    """
    copied, tokens = prefill.copied, max(map(len, prefill.tokens))
    most = max(copied)
    if min(copied) == most:
        return causal_mask(tokens, before=most, device=device)
    before = torch.arange(most, device=device) < torch.tensor(copied, device=device)[:, None]
    own = torch.ones(tokens, tokens, dtype=torch.bool, device=device).tril()
    rows = len(copied)
    return torch.cat((before[:, None].expand(-1, tokens, -1), own.expand(rows, -1, -1)), dim=2)[:, None]


def causal_mask(tokens: int, *, before: int, device: torch.device) -> Tensor | None:
    """Which of ``before + tokens`` keys each of the last ``tokens`` attends to; None if the kernels' own causal mask does.

    On CUDA the mask is not a tensor: flash attention takes none, but aligns its own causal mask at the last query and the last
    key.
    """
    if not before:
        return None
    if device.type == "cuda":
        return causal_lower_right(tokens, before + tokens)
    return torch.ones(tokens, before + tokens, dtype=torch.bool, device=device).tril(before)


def branch_attention(query: Tensor, cache: KVCache, layer: int, *, scaling: float) -> Tensor:
    """Attention of each branch over its question's prompt and its own suffix.

    Args:
        query: [N, H, D].
        cache: after this step's keys and values are stored.
        layer: index of the layer.
        scaling: factor on the scores.

    Returns:
        [N, H, D].
    """
    number, heads, head_dim = query.shape
    layout, keys, values = cache.layout, cache.keys[layer][:number], cache.values[layer][:number]
    kv_heads = keys.shape[1]
    groups = heads // kv_heads
    grouped = query.reshape(number, kv_heads, groups, head_dim)
    prompt_keys = cache.prompt_keys[layer][: layout.num_prompts].flatten(0, 1)
    prompt_values = cache.prompt_values[layer][: layout.num_prompts].flatten(0, 1)
    prompt_scores = layout.by_row(torch.bmm(layout.by_prompt(grouped), prompt_keys.transpose(1, 2)), groups=groups)
    own_scores = torch.bmm(grouped.flatten(0, 1), keys.flatten(0, 1).transpose(1, 2)).unflatten(0, (number, kv_heads))
    scores = torch.cat((prompt_scores, own_scores), dim=-1)
    weights = torch.softmax(torch.add(cache.mask, scores, alpha=scaling), dim=-1)
    width = prompt_scores.shape[-1]
    output = layout.by_row(torch.bmm(layout.by_prompt(weights[..., :width]), prompt_values), groups=groups)
    own = torch.bmm(weights[..., width:].flatten(0, 1), values.flatten(0, 1))
    return (output + own.view_as(output)).reshape(number, heads, head_dim)


def shared_prefix_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    shared_prefix: KVCache,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **unused: object,
) -> tuple[Tensor, None]:
    """The attention function registered with transformers.

    Args:
        module: the attention layer.
        query: [N, H, 1, D] in decoding, [rows, H, p, D] in prefill.
        key: [rows, K, s + p, D] in prefill, with s tokens copied from prompts; unused in decoding, where it is in the
            cache.
        value: as ``key``.
        attention_mask: always None; transformers builds no mask for an attention it does not know.
        scaling: factor on the scores.
        shared_prefix: the cache, passed through the model's keyword arguments.
        softcap: logit soft-capping, which is not supported.
        s_aux: attention sinks, which are not supported.
        unused: further arguments that transformers passes to every attention function.

    Returns:
        [N, 1, H, D] (in prefill [rows, p, H, D]), and None for the weights.

    Raises:
        UserError: the model uses logit soft-capping or attention sinks.
    """
    if softcap is not None or s_aux is not None:
        raise UserError(
            "this model's attention uses logit soft-capping or sinks, which engine=transformers does not support: use another "
            "engine"
        )
    if shared_prefix.prefilling is not None:
        mask = prefill_mask(shared_prefix.prefilling, query.device)
        return causal_attention(query, key, value, scaling=scaling, mask=mask).transpose(1, 2), None
    output = branch_attention(query[:, :, 0], shared_prefix, cast(int, module.layer_idx), scaling=scaling)
    return output[:, None], None


AttentionInterface.register(ATTENTION, shared_prefix_attention)
