"""Which prompt each row of a batch attends to, and how rows are grouped by prompt so that each prompt is read once per step.

Shapes: Q prompts, N rows, B slots per prompt, K key-value heads, G query heads per key-value head.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thoughtrank.engines.decoding.batch_scheduler import round_up

_SLOT_STEP = 4
"""Slots per prompt are rounded up to a multiple of it, so that fewer shapes occur."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Each prompt has equally many slots, one for each of its rows; the other slots are padding.

    Attributes:
        num_prompts: Q.
        slots_per_prompt: B.
        prompts_of_rows: [N] index of the prompt of a row.
        slots_of_rows: [N] slot of a row.
        rows_of_slots: [Q * B] row in a slot; any row for padding.
        in_order: whether every row is in the slot of its own index, so that nothing has to be permuted.
    """

    num_prompts: int
    slots_per_prompt: int
    prompts_of_rows: Tensor
    slots_of_rows: Tensor
    rows_of_slots: Tensor
    in_order: bool

    @staticmethod
    def of(prompts_of_rows: Sequence[int], *, num_prompts: int, device: torch.device) -> "RowLayout":
        """The layout of rows with these prompts; rows of the same prompt keep their order.

        Args:
            prompts_of_rows: index of the prompt of each row.
            num_prompts: Q.
            device: of the index tensors.
        """
        prompts = torch.tensor(prompts_of_rows, dtype=torch.long)
        counts = torch.bincount(prompts, minlength=num_prompts)
        width = int(counts.max()) if len(counts) else 0
        width = width if width <= _SLOT_STEP else round_up(width, _SLOT_STEP)
        order = torch.argsort(prompts, stable=True)
        starts = torch.cumsum(counts, 0) - counts
        slots = torch.empty_like(order)
        slots[order] = torch.arange(len(order)) - starts[prompts[order]]
        slots += prompts * width
        rows = torch.zeros(num_prompts * width, dtype=torch.long)
        rows[slots] = torch.arange(len(slots))
        return RowLayout(
            num_prompts=num_prompts,
            slots_per_prompt=width,
            prompts_of_rows=prompts.to(device),
            slots_of_rows=slots.to(device),
            rows_of_slots=rows.to(device),
            in_order=torch.equal(slots, torch.arange(num_prompts * width)),
        )

    def by_prompt(self, rows: Tensor) -> Tensor:
        """Rows [N, K, G, x] grouped by prompt: [Q * K, B * G, x]."""
        if not self.in_order:
            rows = rows.index_select(0, self.rows_of_slots)
        slots = rows.unflatten(0, (self.num_prompts, self.slots_per_prompt)).transpose(1, 2)
        return slots.flatten(2, 3).flatten(0, 1)

    def by_row(self, slots: Tensor, *, groups: int) -> Tensor:
        """The inverse of ``by_prompt``: [Q * K, B * G, x] to [N, K, G, x].

        Args:
            slots: grouped by prompt.
            groups: G.
        """
        width = slots.shape[-1]
        rows = slots.view(self.num_prompts, -1, self.slots_per_prompt, groups, width).transpose(1, 2).flatten(0, 1)
        return rows if self.in_order else rows.index_select(0, self.slots_of_rows)
