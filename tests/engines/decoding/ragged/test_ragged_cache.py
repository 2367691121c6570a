"""Prefills are stored in their regions, and regions move all at once."""

import torch

from thoughtrank.engines.decoding.prefill import Beginning, Prefill
from thoughtrank.engines.decoding.ragged.growing_scheduler import Move, Reservation
from thoughtrank.engines.decoding.ragged.ragged_cache import RaggedCache


def new_cache(tokens):
    cache = RaggedCache(layers=2, kv_heads=1, head_dim=2, dtype=torch.float32, device=torch.device("cpu"))
    cache.begin_group(tokens)
    return cache


def numbered(*sizes):
    return torch.arange(1.0, 1 + torch.Size(sizes).numel()).view(sizes)


def test_prompts_and_openers_are_stored_without_their_padding():
    cache = new_cache(64)
    cache.prompt_starts = [10, 30]
    whole = numbered(1, 1, 4, 2)
    cache.store_prefill(Prefill([0], [[1, 2, 3, 4]]), 0, whole, -whole)
    assert torch.equal(cache.keys[0][10:14, 0], whole[0, 0])
    # The second prompt shares two tokens with the first.
    rest = 100 + numbered(1, 1, 3, 2)
    complete, _ = cache.store_prefill(Prefill([1], [[7, 8, 9]], [Beginning(0, 2)]), 0, rest, -rest)
    assert torch.equal(cache.keys[0][30:35], complete[0].transpose(0, 1))
    assert torch.equal(complete[0, 0, :2], whole[0, 0, :2])
    # Two openers after it, one of them padded.
    new = 200 + numbered(2, 1, 3, 2)
    prefill = Prefill([40, 50], [[1, 2, 3], [4]], [Beginning(1, 5)] * 2, target="rows")
    cache.store_prefill(prefill, 0, new, -new)
    assert torch.equal(cache.values[0][40:43, 0], -new[0, 0])
    assert torch.equal(cache.values[0][50, 0], -new[1, 0, 0])
    assert cache.keys[0].shape[0] > cache.tokens == 64


def test_openers_of_several_prompts_come_after_their_own_and_copy_nothing_that_was_not_written():
    cache = new_cache(64)
    for buffer in cache.keys:
        buffer[:] = torch.nan
    cache.prompt_starts = [0, 8]
    for index, tokens in enumerate((4, 2)):
        prompt = 100 * index + numbered(1, 1, tokens, 2)
        cache.store_prefill(Prefill([index], [[0] * tokens]), 0, prompt, -prompt)
    new = 200 + numbered(2, 1, 3, 2)
    prefill = Prefill([40, 50], [[0] * 3, [0]], [Beginning(0, 4), Beginning(1, 2)], target="rows")
    complete, _ = cache.store_prefill(prefill, 0, new, -new)
    assert torch.equal(complete[:, :, 4:], new)
    assert torch.equal(complete[0, 0, :4], cache.keys[0][0:4, 0])
    assert torch.equal(complete[1, 0, :2], cache.keys[0][8:10, 0])
    assert not complete.isnan().any()
    assert torch.equal(cache.keys[0][40:43, 0], new[0, 0])
    assert torch.equal(cache.keys[0][50, 0], new[1, 0, 0])


def test_a_region_may_move_to_where_another_one_was():
    cache = new_cache(64)
    for buffer in (*cache.keys, *cache.values):
        buffer[:20, 0, 0] = torch.arange(20.0)
    moves = [Move(reservation(), 0, 10, 5), Move(reservation(), 10, 0, 8)]
    cache.move(moves)
    for buffer in (*cache.keys, *cache.values):
        assert buffer[10:15, 0, 0].tolist() == [0, 1, 2, 3, 4]
        assert buffer[:8, 0, 0].tolist() == [10, 11, 12, 13, 14, 15, 16, 17]


def reservation():
    return Reservation(question=0, index=0, order=0, start=0, size=0, first_step=0, read=0)


def test_memory_is_reused_and_can_be_returned():
    cache = new_cache(64)
    before = cache.keys[0].data_ptr()
    cache.begin_group(32)
    assert (cache.keys[0].data_ptr(), cache.tokens) == (before, 64)
    cache.begin_group(100)
    assert cache.tokens == 100
    cache.free()
    assert cache.tokens == 0
