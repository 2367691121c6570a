"""What is stored stays where it belongs, whatever enters, leaves or grows in between."""

import pytest
import torch

from thoughtrank.engines.decoding.batch_scheduler import CacheShape
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Beginning, Prefill

KV_HEADS, HEAD_DIM = 2, 4


def shape(*, rows, prompts, columns=64, prompt_columns=16):
    return CacheShape(rows=rows, columns=columns, prompts=prompts, prompt_columns=prompt_columns)


def filled(value, *sizes):
    return torch.full(sizes, float(value))


@pytest.fixture
def cache():
    made = KVCache(layers=1, kv_heads=KV_HEADS, head_dim=HEAD_DIM, dtype=torch.float32, device=torch.device("cpu"))
    made.begin_group(1000)
    return made


def prefill(cache, index, tokens, value):
    """A prompt whose keys are ``value`` and whose values are minus that."""
    keys = filled(value, 1, KV_HEADS, tokens, HEAD_DIM)
    return cache.store_prefill(Prefill([index], [[0] * tokens]), 0, keys, -keys)


def step(cache, numbers):
    """One column: each row stores its number as key."""
    cache.begin_step(len(numbers))
    keys = torch.tensor(numbers, dtype=torch.float32)[:, None, None].expand(-1, KV_HEADS, HEAD_DIM)
    cache.store_step(0, keys, -keys)
    cache.end_step()


def visible(cache, row):
    """The keys that a row attends to in the current step: of its prompt, and its own."""
    prompt = int(cache.layout.prompts_of_rows[row])
    keys = torch.cat((cache.prompt_keys[0][prompt, 0, :, 0], cache.keys[0][row, 0, :, 0]))
    return keys[cache.mask[row, 0, 0] == 0].tolist()


def test_rows_attend_to_their_prompt_and_their_own_columns_only(cache):
    cache.reserve(shape(rows=2, prompts=2))
    prefill(cache, 0, tokens=3, value=100)
    prefill(cache, 1, tokens=1, value=200)
    cache.add_rows([0] * 2)
    cache.assign_prompts([1, 0], num_prompts=2)
    step(cache, [1, 2])
    step(cache, [3, 4])
    assert visible(cache, 0) == [200, 1, 3]
    assert visible(cache, 1) == [100, 100, 100, 2, 4]


def test_a_later_row_does_not_see_earlier_columns(cache):
    cache.reserve(shape(rows=2, prompts=1))
    prefill(cache, 0, tokens=1, value=100)
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=1)
    step(cache, [1])
    cache.add_rows([0])
    cache.assign_prompts([0, 0], num_prompts=1)
    step(cache, [2, 3])
    assert visible(cache, 0) == [100, 1, 2]
    assert visible(cache, 1) == [100, 3]


def test_a_prefilled_opener_comes_before_the_first_step_of_its_row(cache):
    cache.reserve(shape(rows=2, prompts=1), opener_tokens=3)
    prefill(cache, 0, tokens=1, value=100)
    cache.add_rows([3, 1])
    openers = torch.tensor([[10.0, 11, 12], [20, -1, -1]])[:, None, :, None].expand(-1, KV_HEADS, -1, HEAD_DIM)
    cache.store_prefill(Prefill([0, 1], [[0] * 3, [0]], [Beginning(0, 1)] * 2, target="rows"), 0, openers, -openers)
    cache.assign_prompts([0, 0], num_prompts=1)
    step(cache, [1, 2])
    assert visible(cache, 0) == [100, 10, 11, 12, 1]
    assert visible(cache, 1) == [100, 20, 2]


def test_columns_are_left_out_for_a_longer_opener_of_a_later_row(cache):
    cache.reserve(shape(rows=1, prompts=1))
    prefill(cache, 0, tokens=1, value=100)
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=1)
    step(cache, [1])
    cache.reserve(shape(rows=2, prompts=1), opener_tokens=20)
    cache.add_rows([20])
    opener = filled(5, 1, KV_HEADS, 20, HEAD_DIM)
    cache.store_prefill(Prefill([1], [[0] * 20], [Beginning(0, 1)], target="rows"), 0, opener, -opener)
    cache.assign_prompts([0, 0], num_prompts=1)
    step(cache, [2, 6])
    assert visible(cache, 0) == [100, 1, 2]
    assert visible(cache, 1) == [100, *[5] * 20, 6]


def test_columns_grow_past_their_step_and_keep_what_is_stored(cache):
    cache.reserve(shape(rows=1, prompts=1))
    prefill(cache, 0, tokens=2, value=100)
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=1)
    before = cache.reserved_tokens
    for number in range(40):
        step(cache, [number])
    assert visible(cache, 0) == [100, 100, *range(40)]
    assert before < cache.reserved_tokens <= cache.allocated_tokens == 1000


def test_a_finished_row_is_overwritten_by_the_last_one(cache):
    cache.reserve(shape(rows=3, prompts=1))
    prefill(cache, 0, tokens=1, value=100)
    cache.add_rows([0] * 3)
    cache.assign_prompts([0, 0, 0], num_prompts=1)
    step(cache, [1, 2, 3])
    cache.move_rows(sources=[2], targets=[0])
    cache.keep_rows(2)
    cache.assign_prompts([0, 0], num_prompts=1)
    step(cache, [4, 5])
    assert visible(cache, 0) == [100, 3, 4]
    assert visible(cache, 1) == [100, 2, 5]


def test_prompts_are_moved_and_kept_when_more_are_reserved(cache):
    cache.reserve(shape(rows=1, prompts=2))
    prefill(cache, 0, tokens=1, value=100)
    prefill(cache, 1, tokens=2, value=200)
    cache.move_prompts(sources=[1], targets=[0])
    cache.reserve(shape(rows=1, prompts=3, prompt_columns=32))
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=3)
    step(cache, [1])
    assert visible(cache, 0) == [200, 200, 1]


def test_shared_tokens_are_copied_from_the_source_and_returned_before_the_new_ones(cache):
    cache.reserve(shape(rows=1, prompts=2))
    prefill(cache, 0, tokens=3, value=100)
    new = filled(7, 1, KV_HEADS, 2, HEAD_DIM)
    keys, values = cache.store_prefill(Prefill([1], [[0, 0]], [Beginning(0, 2)]), 0, new, -new)
    assert keys[0, 0, :, 0].tolist() == [100, 100, 7, 7]
    assert values[0, 0, :, 0].tolist() == [-100, -100, -7, -7]
    cache.add_rows([0])
    cache.assign_prompts([1], num_prompts=2)
    step(cache, [1])
    assert visible(cache, 0) == [100, 100, 7, 7, 1]


def test_a_new_group_reuses_the_memory_and_sees_nothing_of_the_last_one(cache):
    cache.reserve(shape(rows=1, prompts=1))
    prefill(cache, 0, tokens=5, value=100)
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=1)
    step(cache, [1])
    cache.begin_group(10)
    assert (cache.reserved_tokens, cache.allocated_tokens) == (0, 1000)
    cache.begin_group(2000)
    assert cache.allocated_tokens == 2000
    cache.reserve(shape(rows=1, prompts=1))
    prefill(cache, 0, tokens=1, value=200)
    cache.add_rows([0])
    cache.assign_prompts([0], num_prompts=1)
    step(cache, [2])
    assert visible(cache, 0) == [200, 2]
