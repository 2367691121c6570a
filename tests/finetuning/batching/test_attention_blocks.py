import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.attention_blocks import AttentionRow, build_layout

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def layout_of(prompts, sequences):
    """The layout of prompts (their length, and the lengths of their continuations) and of plain sequences."""
    positions = []

    def span(length, first=0):
        positions.extend(range(first, first + length))
        return range(len(positions) - length, len(positions))

    prompt_spans = [span(length) for length, _ in prompts]
    rows = [AttentionRow.sequence(each) for each in prompt_spans] + [
        AttentionRow.sequence(span(length)) for length in sequences
    ]
    continuations = [
        AttentionRow.after(prompt, [span(length, first=len(prompt)) for length in lengths])
        for prompt, (_, lengths) in zip(prompt_spans, prompts, strict=True)
    ]
    return build_layout(rows + continuations, positions=positions)


def flattened(layout, name):
    return torch.cat([getattr(block, name).flatten() for block in layout.blocked.blocks])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), LENGTHS), max_size=4), LENGTHS)
def test_slots_lead_back_to_each_token(prompts, sequences):
    layout = layout_of(prompts, sequences)
    tokens = torch.arange(len(layout.positions))
    assert torch.equal(flattened(layout, "queries")[layout.blocked.query_slots], tokens)
    assert torch.equal(flattened(layout, "keys")[layout.blocked.key_slots], tokens)
    assert torch.equal(flattened(layout, "keys")[layout.blocked.shared_slots], layout.blocked.shared_tokens)
    assert sorted(layout.blocked.shared_tokens.tolist()) == list(range(sum(length for length, _ in prompts)))
    assert len({*layout.blocked.key_slots.tolist(), *layout.blocked.shared_slots.tolist()}) == len(tokens) + len(
        layout.blocked.shared_slots
    )


@settings(deadline=None)
@given(LENGTHS)
def test_rows_of_a_block_are_filled_to_seventy_percent(sequences):
    for block in layout_of([], sequences).blocked.blocks:
        padding = block.query_padding
        lengths = [block.queries.shape[1]] if padding is None else (~padding).sum(1).tolist()
        assert min(lengths) >= 0.7 * max(lengths)


def test_a_continuation_attends_to_its_prompt_and_causally_to_itself():
    _, block = layout_of([(2, [2, 1])], []).blocked.blocks
    assert block.allowed.int().tolist() == [[[1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 0, 0, 1]]]


def test_a_token_is_a_key_of_every_row_that_attends_to_it():
    beginning, first, second = range(2), range(2, 4), range(4, 5)
    rows = [AttentionRow.sequence(beginning), AttentionRow.after(beginning, [first])]
    rows.append(AttentionRow.after([*beginning, *first], [second]))
    layout = build_layout(rows, positions=[0, 1, 2, 3, 4])
    assert sorted(layout.blocked.shared_tokens.tolist()) == [0, 0, 1, 1, 2, 3]
    assert torch.equal(flattened(layout, "keys")[layout.blocked.shared_slots], layout.blocked.shared_tokens)
    assert layout.lengths.keys.tolist() == [0, 1, 0, 1, 2, 3, 0, 1, 2, 3, 4]


def test_padding_is_no_key_and_attends_to_the_prompt():
    _, block = layout_of([(2, [3, 1]), (2, [3])], []).blocked.blocks
    short = block.allowed[1].int().tolist()
    assert short == [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0]]


def test_rows_of_very_different_length_are_not_padded_to_each_other():
    layout = layout_of([], [10, 9, 2, 2])
    assert [tuple(block.queries.shape) for block in layout.blocked.blocks] == [(2, 10), (2, 2)]
    assert layout.blocked.blocks[0].query_padding.sum() == 1
    assert layout.blocked.blocks[1].query_padding is None
