"""Attention over a shared prompt equals plain attention over the whole sequence of each branch, in float32."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from thoughtrank.engines.decoding import shared_prefix_attention as module
from thoughtrank.engines.decoding.batch_scheduler import CacheShape
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Beginning, Prefill
from thoughtrank.engines.decoding.shared_prefix_attention import (
    branch_attention,
    causal_attention,
    causal_mask,
    prefill_mask,
    shared_prefix_attention,
)
from thoughtrank.errors import UserError

HEADS, KV_HEADS, HEAD_DIM, SCALING = 6, 2, 8, 0.3
PROMPTS, STEPS = (5, 9), 3
CUDA = torch.device("cuda")


def attended_causally(query, keys, values):
    """Of sequences with beginnings of the same length."""
    before = keys.shape[2] - query.shape[2]
    prefill = Prefill([0], [[0] * query.shape[2]], [Beginning(0, before)])
    mask = prefill_mask(prefill, query.device)
    return causal_attention(query, keys, values, scaling=SCALING, mask=mask)


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
    attended = attended_causally(query, keys, values)
    for position in range(5):
        seen = before + position + 1
        expected = scaled_dot_product_attention(
            query[:, :, position : position + 1], keys[:, :, :seen], values[:, :, :seen], scale=SCALING, enable_gqa=True
        )
        torch.testing.assert_close(attended[:, :, position : position + 1], expected)


@pytest.fixture
def as_on_cuda(monkeypatch):
    """Prefills with the mask that they have on CUDA."""
    monkeypatch.setattr(
        module, "causal_mask", lambda tokens, *, before, device: causal_mask(tokens, before=before, device=CUDA)
    )


def flash_kernel(given):
    """What flash attention computes, query by query: without a mask, aligned at the last query and the last key."""

    def compute(query, keys, values, dropout, *, is_causal, return_debug_mask, scale):
        assert is_causal
        assert dropout == 0
        given.append((query, keys, values))
        repeats, before = query.shape[1] // keys.shape[1], keys.shape[2] - query.shape[2]
        keys, values = (each.repeat_interleave(repeats, dim=1) for each in (keys, values))
        outputs = [
            torch.softmax(query[:, :, [each]] @ keys[:, :, : before + each + 1].transpose(2, 3) * scale, dim=-1)
            @ values[:, :, : before + each + 1]
            for each in range(query.shape[2])
        ]
        return torch.cat(outputs, dim=2), None

    return compute


@pytest.mark.parametrize(("tokens", "before"), [(5, 4), (1, 4), (5, 0)])
@pytest.mark.parametrize("kv_heads", [HEADS, KV_HEADS])
def test_the_mask_of_cuda_is_that_of_the_cpu(tokens, before, kv_heads, as_on_cuda, monkeypatch):
    torch.manual_seed(0)
    query = torch.randn(2, HEADS, tokens, HEAD_DIM)
    keys, values = torch.randn(2, 2, kv_heads, before + tokens, HEAD_DIM)
    attended = attended_causally(query, keys, values)
    monkeypatch.undo()
    torch.testing.assert_close(attended, attended_causally(query, keys, values))


@pytest.mark.parametrize("tokens", [5, 1])
def test_flash_attention_gets_grouped_keys_and_no_mask(tokens, as_on_cuda, monkeypatch):
    """On a CUDA device torch chooses the kernel; here it is chosen for it, and computed by its definition."""
    given = []
    monkeypatch.setattr("torch.nn.attention.bias.can_use_flash_attention", lambda params: params.attn_mask is None)
    monkeypatch.setattr(torch.ops.aten, "_scaled_dot_product_flash_attention", flash_kernel(given))
    torch.manual_seed(0)
    query = torch.randn(2, HEADS, tokens, HEAD_DIM)
    keys, values = torch.randn(2, 2, KV_HEADS, 4 + tokens, HEAD_DIM)
    attended = attended_causally(query, keys, values)
    assert [[tuple(each.shape[1:3]) for each in call] for call in given] == [
        [(HEADS, tokens), (KV_HEADS, 4 + tokens), (KV_HEADS, 4 + tokens)]
    ]
    monkeypatch.undo()
    torch.testing.assert_close(attended, attended_causally(query, keys, values))


@pytest.mark.usefixtures("as_on_cuda")
def test_a_padded_row_is_read_as_it_is_alone():
    """Padding comes last, where no token of the row attends to it."""
    torch.manual_seed(0)
    query = torch.randn(2, HEADS, 5, HEAD_DIM)
    keys, values = torch.randn(2, 2, KV_HEADS, 4 + 5, HEAD_DIM)
    attended = attended_causally(query, keys, values)
    alone = attended_causally(query[1:, :, :3], keys[1:, :, :7], values[1:, :, :7])
    torch.testing.assert_close(attended[1:, :, :3], alone)


@pytest.mark.parametrize("takes_groups", [True, False], ids=["grouped", "repeated"])
def test_each_sequence_attends_to_a_beginning_of_its_own_length(takes_groups, monkeypatch):
    monkeypatch.setattr(module, "_takes_groups", lambda mask: takes_groups)
    torch.manual_seed(0)
    query = torch.randn(2, HEADS, 5, HEAD_DIM)
    keys, values = torch.randn(2, 2, KV_HEADS, 4 + 5, HEAD_DIM)
    prefill = Prefill([0, 1], [[0] * 5, [0] * 3], [Beginning(0, 4), Beginning(1, 2)])
    mask = prefill_mask(prefill, query.device)
    attended = causal_attention(query, keys, values, scaling=SCALING, mask=mask)
    torch.testing.assert_close(attended[:1], attended_causally(query[:1], keys[:1], values[:1]))
    # What follows the shorter beginning belongs to no sequence, and the last two tokens are padding.
    own_keys, own_values = (torch.cat((each[1:, :, :2], each[1:, :, 4:7]), dim=2) for each in (keys, values))
    torch.testing.assert_close(attended[1:, :, :3], attended_causally(query[1:, :, :3], own_keys, own_values))


@pytest.mark.parametrize("unsupported", [{"softcap": 50.0}, {"s_aux": torch.zeros(1)}])
def test_soft_capping_and_sinks_are_errors(unsupported):
    nothing = torch.zeros(0)
    with pytest.raises(UserError, match="use another engine"):
        shared_prefix_attention(torch.nn.Module(), nothing, nothing, nothing, None, 1.0, None, **unsupported)
