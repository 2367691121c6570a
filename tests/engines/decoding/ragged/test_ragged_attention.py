"""Attention over regions is one softmax over prompt and own tokens."""

import torch
from operator_calls import OperatorCalls

from thoughtrank.engines.decoding.ragged.ragged_attention import Spans, flash_attention, ragged_attention

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


def test_the_operator_of_torch_gets_each_argument_at_its_place():
    queries, starts, used = (torch.empty(number, dtype=torch.int32, device="meta") for number in (4, 4, 3))
    query, keys, values = (
        torch.empty(shape, dtype=torch.bfloat16, device="meta") for shape in ((8, 4, 64), (100, 2, 64), (100, 2, 64))
    )
    with OperatorCalls() as calls:
        given = Spans(queries, starts, used, most_queries=5, most_tokens=32)
        output, sums = flash_attention(query, keys, values, given, scaling=0.3)
    assert (output.shape, output.dtype) == (query.shape, query.dtype)
    assert (sums.shape, sums.dtype) == ((4, 8), torch.float32)
    arguments = calls.arguments["aten::_flash_attention_forward"]
    tensors = {"query": query, "key": keys, "value": values}
    tensors |= {"cum_seq_q": queries, "cum_seq_k": starts, "seqused_k": used}
    assert all(arguments.pop(name) is tensor for name, tensor in tensors.items())
    assert arguments == {
        "max_q": 5,
        "max_k": 32,
        "dropout_p": 0.0,
        "is_causal": False,
        "return_debug_mask": False,
        "scale": 0.3,
    }
