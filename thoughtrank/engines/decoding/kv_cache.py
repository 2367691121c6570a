"""Keys and values of prompts, once each, and of the branches behind them, in buffers that are reserved ahead.

Shapes: Q prompts in flight, P their padded length, N branches in flight, R rows reserved, K key-value heads, T columns
reserved, D head size, B most branches in flight of one question.

All branches write the same column in the same step. A branch that entered later begins at a later column, and the mask
hides the columns before it; positions are already in the keys, so the number of a column means nothing. Hardly more columns
are laid out than are in use, because attention reads all of them: a part of each row would be copied together first.
"""

import math
from typing import Any

import torch
from torch import Tensor

from thoughtrank.engines.decoding.batch_scheduler import COLUMN_STEP, CacheShape, round_up
from thoughtrank.engines.decoding.prefill import Prefill

_HIDDEN = float("-inf")


class BranchCache:
    """The cache of one group, for all layers.

    Attributes:
        mask: [N, 1, 1, P + T], added to the scores of this step over the prompt and the columns.
        rows_of_slots: [Q * B] which row sits in a slot; any where none does.
        slots_of_rows: [N] in which slot a row sits.
        in_order: whether every row sits in its own slot.
    """

    def __init__(self, *, layers: int, heads: int, head_size: int, dtype: torch.dtype, device: torch.device) -> None:
        self.layers, self.heads, self.head_size = layers, heads, head_size
        self._options: Any = {"dtype": dtype, "device": device}
        self._storage = torch.zeros(2, layers, 0, **self._options)  # rows grow from its start, prompts from its end
        self.begin_group(0)

    def begin_group(self, tokens: int) -> None:
        """Forget everything, and make ready for a group that reserves at most so many tokens.

        Memory is kept from group to group, because fresh pages are slow; what is laid out in it does not depend on the
        groups before.
        """
        size = tokens * self.heads * self.head_size
        if self._storage.shape[2] < size:
            # The old memory is freed before the new is made.
            self.keys = self.values = self.prompt_keys = self.prompt_values = []
            self._storage = torch.zeros(2, self.layers, 0, **self._options)
            # Zeros: a hidden column has the weight 0, and 0 times a stray NaN would not be 0.
            self._storage = torch.zeros(2, self.layers, size, **self._options)
        self.keys, self.values = self._rows(0, 0)  # per layer [R, K, T, D]
        self.prompt_keys, self.prompt_values = self._prompts(0, 0)  # per layer [Q, K, P, D]
        self.prefilling: Prefill | None = None  # what modules of transformers are reading
        self._mask = torch.zeros(0, 0, **self._options)  # [R, T]
        self._prompt_mask = torch.zeros(0, 0, **self._options)  # [Q, P]
        self._shape = CacheShape(rows=0, columns=0, prompts=0, prompt_columns=0)  # what may be reserved
        self._starts: list[int] = []  # the first column of each row in flight
        self._now = 0  # the column of this step
        self.mask = self._mask
        self.num_prompts = self.branches_per_prompt = 0
        self.rows_of_slots = self.slots_of_rows = self._prompts_of_rows = torch.zeros(0, dtype=torch.long)
        self.in_order = False

    def _rows(self, rows: int, columns: int) -> list[list[Tensor]]:
        shape = (rows, self.heads, columns, self.head_size)
        return [[each[: math.prod(shape)].view(shape) for each in half] for half in self._storage]

    def _prompts(self, prompts: int, columns: int) -> list[list[Tensor]]:
        shape = (prompts, self.heads, columns, self.head_size)
        first = self._storage.shape[2] - math.prod(shape)
        return [[each[first:].view(shape) for each in half] for half in self._storage]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Part of the interface of a transformers cache; positions are always passed explicitly."""
        return 0

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[Tensor, Tensor]:
        """Part of the interface of a transformers cache: store [rows, K, tokens, D]; see ``store_prompts``."""
        if self.prefilling is not None:
            return self.store_prompts(self.prefilling, layer_idx, keys, values)
        self.store(layer_idx, keys[:, :, 0], values[:, :, 0])
        return keys, values

    @property
    def reserved_tokens(self) -> int:
        """Tokens that are laid out."""
        return sum(len(each[0]) * each[0].shape[2] for each in (self.keys, self.prompt_keys))

    @property
    def allocated_tokens(self) -> int:
        """Tokens that the memory holds."""
        return self._storage.shape[2] // (self.heads * self.head_size)

    def reserve(self, shape: CacheShape) -> None:
        """Make room for a new set of branches; what is stored stays.

        Columns are added as they are needed, never more than ``shape`` says.
        """
        self._shape = shape
        columns = self._next_columns()
        if self._prompt_mask.shape != (shape.prompts, shape.prompt_columns):
            # Rows and prompts lie in one piece of memory: first the rows make place.
            self._make_columns(len(self._starts), columns)
            self._resize_prompts(shape.prompts, shape.prompt_columns)
        if self._mask.shape != (shape.rows, columns):
            self._make_columns(shape.rows, columns)

    def _resize_prompts(self, prompts: int, columns: int) -> None:
        new = self._prompts(prompts, columns)
        for old_half, new_half in zip((self.prompt_keys, self.prompt_values), new, strict=True):
            for old, buffer in zip(old_half, new_half, strict=True):
                kept = old[:prompts, :, :columns].clone()  # they lie in the same memory
                buffer[: len(kept), :, : kept.shape[2]] = kept
        self.prompt_keys, self.prompt_values = new
        mask = torch.full((prompts, columns), _HIDDEN, **self._options)
        kept = self._prompt_mask[:prompts, :columns]
        mask[: len(kept), : kept.shape[1]] = kept
        self._prompt_mask = mask

    def _next_columns(self) -> int:
        """Columns to lay out now: those in use and so few more that reading them costs little, and laying out little too."""
        used = self._now - min(self._starts, default=self._now)
        return min(round_up(used + max(1, used // 16), COLUMN_STEP), self._shape.columns)

    def _make_columns(self, rows: int, columns: int) -> None:
        """Lay the rows out anew; the columns before the oldest branch are left behind."""
        first, number = min(self._starts, default=self._now), len(self._starts)
        new = self._rows(rows, columns)
        for old_half, new_half in zip((self.keys, self.values), new, strict=True):
            for old, buffer in zip(old_half, new_half, strict=True):
                buffer[:number, :, : self._now - first] = old[:number, :, first : self._now].clone()
        self.keys, self.values = new
        mask = torch.full((rows, columns), _HIDDEN, **self._options)
        mask[:number, : self._now - first] = self._mask[:number, first : self._now]
        self._mask = mask
        self._starts = [start - first for start in self._starts]
        self._now -= first

    def store_prompts(self, prefill: Prefill, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the prompts of a prefill, [rows, K, tokens, D], and give them back behind the tokens that they share."""
        whole = []
        for new, stored in ((keys, self.prompt_keys[layer]), (values, self.prompt_values[layer])):
            if prefill.shared:
                before = stored[prefill.source, :, : prefill.shared]
                new = torch.cat((before.expand(len(new), -1, -1, -1), new), dim=2)
            for row, (place, length) in enumerate(zip(prefill.places, prefill.lengths, strict=True)):
                stored[place, :, :length] = new[row, :, :length]
            whole.append(new)
        if layer == 0:
            for place, length in zip(prefill.places, prefill.lengths, strict=True):
                self._prompt_mask[place] = _HIDDEN
                self._prompt_mask[place, :length] = 0
        return whole[0], whole[1]

    def store(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Keep this step's keys and values, [N, K, D]."""
        self.keys[layer][: len(keys), :, self._now] = keys
        self.values[layer][: len(values), :, self._now] = values

    def enter(self, rows: int) -> None:
        """Let ``rows`` new branches begin behind those in flight."""
        first = len(self._starts)
        self._mask[first : first + rows] = _HIDDEN
        self._starts += [self._now] * rows

    def leave(self, *, sources: list[int], targets: list[int]) -> None:
        """Copy the rows ``sources``, which are the last ones, to the places ``targets``, and forget what is behind."""
        if targets:
            origin, goal = (torch.tensor(each, device=self._mask.device) for each in (sources, targets))
            for buffer in (*self.keys, *self.values):
                buffer[goal, :, : self._now] = buffer[origin, :, : self._now]
            self._mask[goal] = self._mask[origin]
        for source, target in zip(sources, targets, strict=True):
            self._starts[target] = self._starts[source]

    def truncate(self, rows: int) -> None:
        """Keep the first ``rows`` branches."""
        del self._starts[rows:]

    def move_prompts(self, *, sources: list[int], targets: list[int]) -> None:
        """Copy prompts over those nobody needs any more."""
        for buffer in (*self.prompt_keys, *self.prompt_values, self._prompt_mask):
            buffer[targets] = buffer[sources]

    def assign(self, prompts_of_rows: list[int], *, num_prompts: int) -> None:
        """Say which prompt each row of the coming steps attends to; rows are laid out by prompt for that."""
        prompts = torch.tensor(prompts_of_rows)
        counts = torch.bincount(prompts, minlength=num_prompts)
        width = int(counts.max())
        width = width if width <= 4 else round_up(width, 4)
        order = torch.argsort(prompts, stable=True)
        starts = torch.cumsum(counts, 0) - counts
        slots = torch.empty_like(order)
        slots[order] = torch.arange(len(order)) - starts[prompts[order]]
        slots += prompts * width
        rows = torch.zeros(num_prompts * width, dtype=torch.long)
        rows[slots] = torch.arange(len(slots))
        self.in_order = torch.equal(slots, torch.arange(num_prompts * width))
        self.num_prompts, self.branches_per_prompt = num_prompts, width
        device = self._mask.device
        self.slots_of_rows, self.rows_of_slots = slots.to(device), rows.to(device)
        self._prompts_of_rows = prompts.to(device)

    def begin_step(self, rows: int) -> None:
        """Open one more column, and lay out the mask; ``rows`` may be more than are in flight."""
        if self._now == self._mask.shape[1]:
            self._make_columns(self._shape.rows, self._next_columns())
        self._mask[:rows, self._now] = 0
        prompts = self._prompt_mask.index_select(0, self._prompts_of_rows)
        self.mask = torch.cat((prompts, self._mask[:rows]), dim=1)[:, None, None, :]

    def end_step(self) -> None:
        """The column is written."""
        self._now += 1
