"""The KV cache: keys and values of prompts, stored once each, and of the branches after them, in preallocated buffers.

Shapes: Q prompts, P their padded length, N rows (branches) in flight, R rows reserved, K key-value heads, T columns reserved,
D head_dim.

All rows write the same column in the same step. A branch that was added later begins at a later column, and the mask hides
the columns before it; positions are already part of the keys, so the number of a column has no meaning. Few more columns are
reserved than are in use, because attention reads all of them.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from thoughtrank.engines.decoding.batch_scheduler import COLUMN_STEP, CacheShape, round_up
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.engines.decoding.row_layout import RowLayout

_HIDDEN = float("-inf")


class KVCache:
    """The cache of one group, for all layers.

    Args:
        layers: of the model.
        kv_heads: K.
        head_dim: D.
        dtype: of keys and values.
        device: of the model.

    Attributes:
        keys, values: of the branches; one tensor [R, K, T, D] per layer.
        prompt_keys, prompt_values: one tensor [Q, K, P, D] per layer.
        mask: [N, 1, 1, P + T], added to the scores of this step over the prompt and the columns.
        layout: which prompt each row attends to.
        prefilling: what modules of transformers are reading at once; None while branches are decoded.
    """

    def __init__(self, *, layers: int, kv_heads: int, head_dim: int, dtype: torch.dtype, device: torch.device) -> None:
        self.layers, self.kv_heads, self.head_dim = layers, kv_heads, head_dim
        self.dtype, self.device = dtype, device
        self._storage = self._full(2, layers, 0, value=0)  # rows grow from its start, prompts from its end
        self.begin_group(0)

    def begin_group(self, tokens: int) -> None:
        """Clear the cache for a group that reserves at most so many tokens.

        Memory is reused from group to group, because allocating pages is slow; the layout in it does not depend on earlier
        groups.
        """
        size = tokens * self.kv_heads * self.head_dim
        if self._storage.shape[2] < size:
            # The old memory is freed before the new memory is allocated.
            self.keys = self.values = self.prompt_keys = self.prompt_values = []
            self._storage = self._full(2, self.layers, 0, value=0)
            # Zeros: a hidden column has weight 0, and 0 times a stray NaN would not be 0.
            self._storage = self._full(2, self.layers, size, value=0)
        self.keys, self.values = self._row_buffers(0, 0)
        self.prompt_keys, self.prompt_values = self._prompt_buffers(0, 0)
        self.prefilling: Prefill | None = None
        self._mask = self._full(0, 0, value=0)  # [R, T]
        self._prompt_mask = self._full(0, 0, value=0)  # [Q, P]
        self._limit = CacheShape(rows=0, columns=0, prompts=0, prompt_columns=0)  # what may be reserved
        self._starts: list[int] = []  # the first column of each row in flight
        self._column = 0  # of this step
        self.mask = self._mask
        self.layout = RowLayout.of([], num_prompts=0, device=self.device)

    def _full(self, *shape: int, value: float) -> Tensor:
        return torch.full(shape, value, dtype=self.dtype, device=self.device)

    def _row_buffers(self, rows: int, columns: int) -> list[list[Tensor]]:
        shape = (rows, self.kv_heads, columns, self.head_dim)
        return [[each[: math.prod(shape)].view(shape) for each in half] for half in self._storage]

    def _prompt_buffers(self, prompts: int, columns: int) -> list[list[Tensor]]:
        shape = (prompts, self.kv_heads, columns, self.head_dim)
        first = self._storage.shape[2] - math.prod(shape)
        return [[each[first:].view(shape) for each in half] for half in self._storage]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Part of the interface of a transformers cache; positions are always passed explicitly."""
        return 0

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[Tensor, Tensor]:
        """Part of the interface of a transformers cache: store [rows, K, tokens, D]; see ``store_prefill``."""
        if self.prefilling is not None:
            return self.store_prefill(self.prefilling, layer_idx, keys, values)
        self.store_step(layer_idx, keys[:, :, 0], values[:, :, 0])
        return keys, values

    @property
    def bytes_per_token(self) -> int:
        """Keys and values of one token in all layers."""
        return 2 * self.layers * self.kv_heads * self.head_dim * self.dtype.itemsize

    @property
    def reserved_tokens(self) -> int:
        """Tokens that the buffers have room for, prompts and branches together."""
        return sum(len(each[0]) * each[0].shape[2] for each in (self.keys, self.prompt_keys))

    @property
    def allocated_tokens(self) -> int:
        """Tokens that the allocated memory has room for."""
        return self._storage.shape[2] // (self.kv_heads * self.head_dim)

    def reserve(self, shape: CacheShape, *, opener_tokens: int = 0) -> None:
        """Resize the buffers for a new set of branches and keep what is stored.

        Columns are added as they are needed, up to those of ``shape``.

        Args:
            shape: what all branches can need.
            opener_tokens: the most that a new branch begins with; see ``add_rows``.
        """
        self._limit = shape
        columns = self._next_columns(at_least=opener_tokens)
        if self._prompt_mask.shape != (shape.prompts, shape.prompt_columns):
            # Rows and prompts share one piece of memory: the rows are shrunk before the prompts grow.
            self._resize_rows(len(self._starts), columns)
            self._resize_prompts(shape.prompts, shape.prompt_columns)
        if self._mask.shape != (shape.rows, columns):
            self._resize_rows(shape.rows, columns)

    def _resize_prompts(self, prompts: int, columns: int) -> None:
        new = self._prompt_buffers(prompts, columns)
        for old_half, new_half in zip((self.prompt_keys, self.prompt_values), new, strict=True):
            for old, buffer in zip(old_half, new_half, strict=True):
                kept = old[:prompts, :, :columns].clone()  # both are views of the same memory
                buffer[: len(kept), :, : kept.shape[2]] = kept
        self.prompt_keys, self.prompt_values = new
        mask = self._full(prompts, columns, value=_HIDDEN)
        kept = self._prompt_mask[:prompts, :columns]
        mask[: len(kept), : kept.shape[1]] = kept
        self._prompt_mask = mask

    def _next_columns(self, *, at_least: int = 0) -> int:
        """Columns to reserve now: a few more than are in use, a balance between reading unused ones and resizing often."""
        used = max(at_least, self._column - min(self._starts, default=self._column))
        return min(round_up(used + max(1, used // 16), COLUMN_STEP), self._limit.columns)

    def _resize_rows(self, rows: int, columns: int) -> None:
        """New row buffers; the columns before the oldest branch in flight are dropped."""
        first, number = min(self._starts, default=self._column), len(self._starts)
        new = self._row_buffers(rows, columns)
        for old_half, new_half in zip((self.keys, self.values), new, strict=True):
            for old, buffer in zip(old_half, new_half, strict=True):
                buffer[:number, :, : self._column - first] = old[:number, :, first : self._column].clone()
        self.keys, self.values = new
        mask = self._full(rows, columns, value=_HIDDEN)
        mask[:number, : self._column - first] = self._mask[:number, first : self._column]
        self._mask = mask
        self._starts = [start - first for start in self._starts]
        self._column -= first

    def store_prefill(self, prefill: Prefill, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store what a prefill has read, where it is to be stored, and return it after the beginnings.

        Args:
            prefill: the sequences.
            layer: index of the layer.
            keys: [rows, K, p, D], of the p tokens after the beginnings.
            values: as ``keys``.

        Returns:
            Keys and values [rows, K, s + p, D], with the s tokens of the longest beginning; what follows a shorter one there
            is to be hidden.
        """
        if prefill.target == "rows":
            for buffer, new in ((self.keys[layer], keys), (self.values[layer], values)):
                for sequence, (row, tokens) in enumerate(zip(prefill.indices, prefill.tokens, strict=True)):
                    buffer[row, :, self._column - len(tokens) : self._column] = new[sequence, :, : len(tokens)]
        complete = []
        for new, stored in ((keys, self.prompt_keys[layer]), (values, self.prompt_values[layer])):
            if prefill.beginnings:
                sources = [beginning.source for beginning in prefill.beginnings]
                new = torch.cat((stored[sources, :, : max(prefill.copied)], new), dim=2)
            if prefill.target == "prompts":
                for sequence, (prompt, length) in enumerate(zip(prefill.indices, prefill.lengths, strict=True)):
                    stored[prompt, :, :length] = new[sequence, :, :length]
            complete.append(new)
        if layer == 0 and prefill.target == "prompts":
            for prompt, length in zip(prefill.indices, prefill.lengths, strict=True):
                self._prompt_mask[prompt] = _HIDDEN
                self._prompt_mask[prompt, :length] = 0
        return complete[0], complete[1]

    def store_step(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Store this step's keys and values, [N, K, D]."""
        self.keys[layer][: len(keys), :, self._column] = keys
        self.values[layer][: len(values), :, self._column] = values

    def add_rows(self, opener_tokens: Sequence[int]) -> None:
        """Begin new branches in the rows after those in flight.

        The columns before this step's hold what a prefill stores of their openers. Where there are too few of them, columns
        are left out, which all branches in flight have hidden.

        Args:
            opener_tokens: of each new branch; 0 where the opener is fed step by step.
        """
        self._column = max(self._column, *opener_tokens)
        for tokens in opener_tokens:
            mask = self._mask[len(self._starts)]
            mask[:] = _HIDDEN
            mask[self._column - tokens : self._column] = 0
            self._starts.append(self._column - tokens)

    def move_rows(self, *, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Copy the rows ``sources`` over the rows ``targets``, whose branches are finished."""
        if targets:
            origin, goal = (torch.tensor(each, device=self.device) for each in (sources, targets))
            for buffer in (*self.keys, *self.values):
                buffer[goal, :, : self._column] = buffer[origin, :, : self._column]
            self._mask[goal] = self._mask[origin]
        for source, target in zip(sources, targets, strict=True):
            self._starts[target] = self._starts[source]

    def keep_rows(self, number: int) -> None:
        """Drop all branches but the first ``number``."""
        del self._starts[number:]

    def move_prompts(self, *, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Copy the prompts ``sources`` over the prompts ``targets``, which no branch needs any more."""
        for buffer in (*self.prompt_keys, *self.prompt_values, self._prompt_mask):
            buffer[list(targets)] = buffer[list(sources)]

    def assign_prompts(self, prompts_of_rows: Sequence[int], *, num_prompts: int) -> None:
        """Set which prompt each row of the next steps attends to."""
        self.layout = RowLayout.of(prompts_of_rows, num_prompts=num_prompts, device=self.device)

    def begin_step(self, rows: int) -> None:
        """Open one more column and build the mask.

        Args:
            rows: N; may include padding rows without a branch.
        """
        if self._column == self._mask.shape[1]:
            self._resize_rows(self._limit.rows, self._next_columns())
        self._mask[:rows, self._column] = 0
        prompts = self._prompt_mask.index_select(0, self.layout.prompts_of_rows)
        self.mask = torch.cat((prompts, self._mask[:rows]), dim=1)[:, None, None, :]

    def end_step(self) -> None:
        """Close the column."""
        self._column += 1
