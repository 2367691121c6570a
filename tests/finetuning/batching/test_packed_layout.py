import torch

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack

SHARED_PROMPT = [
    EncodedExample(token_ids=(1, 2, 3, *completion), first_target=3) for completion in ((4, 5, 6), (7, 8, 9))
]


def attended(layout, window=None):
    """For each token the tokens it attends to, read from the masks."""
    found = {}
    for block, mask in zip(layout.blocked.blocks, layout.masks(window=window, dtype=torch.float32), strict=True):
        for row, (queries, keys) in enumerate(zip(block.queries.tolist(), block.keys.tolist(), strict=True)):
            visible = mask.expand(len(block.queries), -1, -1)[row] == 0
            for number, query in enumerate(queries):
                if block.query_padding is None or not block.query_padding[row, number]:
                    found[query] = {key for key, allowed in zip(keys, visible[number], strict=True) if allowed}
    return found


def test_no_completion_attends_to_another_one():
    # Tokens 0 to 2 are the prompt, 3 and 4 the first completion, 5 and 6 the second; last tokens are left out.
    assert attended(pack(SHARED_PROMPT).layout) == {
        **{0: {0}, 1: {0, 1}, 2: {0, 1, 2}},
        **{3: {0, 1, 2, 3}, 4: {0, 1, 2, 3, 4}},
        **{5: {0, 1, 2, 5}, 6: {0, 1, 2, 5, 6}},
    }


def test_a_sliding_window_counts_positions_of_the_example_not_of_the_row():
    found = attended(pack(SHARED_PROMPT).layout, window=2)
    assert found[4] == {3, 4}
    assert found[5] == {2, 5}


def test_masks_are_built_once_per_window_and_dtype():
    layout = pack(SHARED_PROMPT).layout
    masks = layout.masks(window=None, dtype=torch.float32)
    assert layout.masks(window=None, dtype=torch.float32) is masks
    assert layout.masks(window=2, dtype=torch.float32) is not masks
    assert {mask.dtype for mask in layout.masks(window=None, dtype=torch.bfloat16)} == {torch.bfloat16}


def test_a_layout_moves_to_another_device_as_a_whole():
    layout = pack(SHARED_PROMPT).layout
    _ = layout.blocked
    moved = layout.map(lambda tensor: tensor.to("meta"))
    tensors = [moved.positions, moved.lengths.query_offsets, moved.lengths.key_offsets, moved.lengths.keys]
    blocked = moved.blocked
    tensors += [blocked.query_slots, blocked.key_slots, blocked.shared_tokens, blocked.shared_slots]
    tensors += [each for block in blocked.blocks for each in (block.queries, block.keys, block.allowed)]
    assert {each.device.type for each in tensors} == {"meta"}


def test_blocks_are_built_once():
    layout = pack(SHARED_PROMPT).layout
    assert layout.blocked is layout.blocked
