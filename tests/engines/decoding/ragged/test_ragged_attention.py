"""Attention over regions is one softmax over prompt and own tokens."""

import torch

from thoughtrank.engines.decoding.ragged.ragged_attention import Spans, ragged_attention

HEADS, KV_HEADS, SIZE = 4, 2, 8


def spans(queries, starts, used):
    integers = [torch.tensor(each, dtype=torch.int32) for each in (queries, [*starts, 0], used)]
    return Spans(*integers, most_queries=4, most_tokens=16)


def test_rows_attend_to_their_prompt_and_to_their_own_region():
    torch.manual_seed(0)
    keys, values = torch.randn(40, KV_HEADS, SIZE), torch.randn(40, KV_HEADS, SIZE)
    query = torch.randn(4, HEADS, SIZE)
    # Two rows of the first prompt, one of the second, a padding prompt, and a padding row that belongs to none.
    own = spans([0, 1, 2, 3, 4], [20, 3, 30, 39], [4, 1, 7, 1])
    prompts = spans([0, 2, 3, 3], [10, 5, 0], [6, 5, 0])
    output = ragged_attention(query, keys, values, own=own, prompts=prompts, scaling=0.3)
    for row, (prompt, region) in enumerate([((10, 6), (20, 4)), ((10, 6), (3, 1)), ((5, 5), (30, 7))]):
        tokens = [first + each for first, number in (prompt, region) for each in range(number)]
        for head in range(HEADS):
            own_keys, own_values = keys[tokens, head // 2], values[tokens, head // 2]
            weights = torch.softmax(own_keys @ query[row, head] * 0.3, dim=0)
            torch.testing.assert_close(output[row, head], weights @ own_values)
