import torch

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack


def example(prompt, *completion):
    return EncodedExample(token_ids=(*prompt, *completion), first_target=len(prompt))


def test_a_continuation_has_its_own_tokens_as_queries_and_those_of_the_prompt_as_keys_too():
    packed = pack([example((1, 2, 3), 4, 5, 6), example((1, 2, 3), 7, 8), example((9,), 10, 11)])
    # The prompt, its two continuations, and the example by itself; last tokens predict nothing.
    assert packed.token_ids.tolist() == [1, 2, 3, 4, 5, 7, 9, 10]
    lengths = packed.layout.lengths
    assert lengths.query_offsets.tolist() == [0, 3, 5, 6, 8]
    assert lengths.key_offsets.tolist() == [0, 3, 8, 12, 14]
    assert packed.token_ids[lengths.keys].tolist() == [1, 2, 3, 1, 2, 3, 4, 5, 1, 2, 3, 7, 9, 10]
    assert (lengths.longest_queries, lengths.longest_keys) == (3, 5)
    assert {lengths.query_offsets.dtype, lengths.key_offsets.dtype} == {torch.int32}


def test_a_continuation_of_no_token_is_no_sequence():
    lengths = pack([example((1, 2), 3), example((1, 2), 4, 5)]).layout.lengths
    assert lengths.query_offsets.tolist() == [0, 2, 3]
    assert lengths.key_offsets.tolist() == [0, 2, 5]
