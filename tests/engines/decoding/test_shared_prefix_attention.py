"""Attention over a shared prompt equals plain attention over the whole sequence of each branch, in float32."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from thoughtrank.engines.decoding.batch_scheduler import CacheShape
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.engines.decoding.shared_prefix_attention import (
    branch_attention,
    causal_attention,
    shared_prefix_attention,
)
from thoughtrank.errors import UserError

HEADS, KV_HEADS, HEAD_DIM, SCALING = 6, 2, 8, 0.3
PROMPTS, STEPS = (5, 9), 3


def plain(query, keys, values):
    """[H, D] over [K, tokens, D]."""
    keys, values = (each.repeat_interleave(HEADS // KV_HEADS, dim=0) for each in (keys, values))
    return (torch.softmax(query[:, None] @ keys.transpose(1, 2) * SCALING, dim=-1) @ values)[:, 0]


@pytest.mark.parametrize("prompts_of_rows", [[0, 0, 1, 1], [1, 0, 0], [0, 1, 1, 0, 1]])
def test_branches_attend_to_their_prompt_and_their_own_tokens(prompts_of_rows):
    torch.manual_seed(0)
    cache = KVCache(layers=1, kv_heads=KV_HEADS, head_dim=HEAD_DIM, dtype=torch.float32, device=torch.device("cpu"))
    rows = len(prompts_of_rows)
    cache.begin_group(1000)
    cache.reserve(CacheShape(rows=rows, columns=16, prompts=2, prompt_columns=16))
    prompts = [torch.randn(2, 1, KV_HEADS, tokens, HEAD_DIM) for tokens in PROMPTS]
    for index, (keys, values) in enumerate(prompts):
        cache.store_prefill(Prefill([index], [[0] * keys.shape[2]]), 0, keys, values)
    cache.add_rows([0] * rows)
    cache.assign_prompts(prompts_of_rows, num_prompts=2)
    own = torch.randn(2, STEPS, rows, KV_HEADS, HEAD_DIM)
    for step in range(STEPS):
        query = torch.randn(rows, HEADS, HEAD_DIM)
        cache.begin_step(rows)
        cache.store_step(0, own[0, step], own[1, step])
        attended = branch_attention(query, cache, 0, scaling=SCALING)
        cache.end_step()
        for row, prompt in enumerate(prompts_of_rows):
            keys, values = (
                torch.cat((prompts[prompt][half][0], own[half, : step + 1, row].transpose(0, 1)), dim=1)
                for half in (0, 1)
            )
            torch.testing.assert_close(attended[row], plain(query[row], keys, values))


@pytest.mark.parametrize("before", [0, 4])
def test_a_prefill_attends_causally_after_shared_tokens(before):
    torch.manual_seed(0)
    query = torch.randn(2, HEADS, 5, HEAD_DIM)
    keys, values = torch.randn(2, 2, KV_HEADS, before + 5, HEAD_DIM)
    attended = causal_attention(query, keys, values, scaling=SCALING)
    for position in range(5):
        seen = before + position + 1
        expected = scaled_dot_product_attention(
            query[:, :, position : position + 1], keys[:, :, :seen], values[:, :, :seen], scale=SCALING, enable_gqa=True
        )
        torch.testing.assert_close(attended[:, :, position : position + 1], expected)


@pytest.mark.parametrize("unsupported", [{"softcap": 50.0}, {"s_aux": torch.zeros(1)}])
def test_soft_capping_and_sinks_are_errors(unsupported):
    nothing = torch.zeros(0)
    with pytest.raises(UserError, match="use another engine"):
        shared_prefix_attention(torch.nn.Module(), nothing, nothing, nothing, None, 1.0, None, **unsupported)
