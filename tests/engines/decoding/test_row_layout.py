"""Rows are grouped by prompt and come back in their order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.row_layout import RowLayout

CPU = torch.device("cpu")


def layout(prompts_of_rows, num_prompts):
    return RowLayout.of(prompts_of_rows, num_prompts=num_prompts, device=CPU)


@given(
    st.integers(1, 5).flatmap(
        lambda number: st.tuples(st.just(number), st.lists(st.integers(0, number - 1), min_size=1))
    )
)
def test_grouped_rows_are_those_of_the_prompt_and_come_back_in_order(case):
    num_prompts, prompts_of_rows = case
    made = layout(prompts_of_rows, num_prompts)
    rows = torch.arange(len(prompts_of_rows) * 2 * 3 * 4.0).view(-1, 2, 3, 4)
    grouped = made.by_prompt(rows)
    assert grouped.shape == (num_prompts * 2, made.slots_per_prompt * 3, 4)
    assert torch.equal(made.by_row(grouped, groups=3), rows)
    for row, prompt in enumerate(prompts_of_rows):
        slot = int(made.slots_of_rows[row])
        assert slot // made.slots_per_prompt == prompt
        assert int(made.rows_of_slots[slot]) == row


@pytest.mark.parametrize(
    ("prompts_of_rows", "num_prompts", "in_order"),
    [([0, 0, 1, 1], 2, True), ([0, 1, 0, 1], 2, False), ([0, 0, 1], 2, False), ([0, 0, 0], 1, True)],
)
def test_only_full_groups_in_order_need_no_permutation(prompts_of_rows, num_prompts, in_order):
    assert layout(prompts_of_rows, num_prompts).in_order is in_order


def test_many_slots_are_rounded_up_to_fewer_shapes():
    assert [layout([0] * rows, 1).slots_per_prompt for rows in (1, 3, 4, 5, 8, 9)] == [1, 3, 4, 8, 8, 12]


def test_an_empty_batch_has_no_slots():
    assert layout([], 0).slots_per_prompt == 0
