"""The attention layout of packed examples: which tokens form a block of attention, and which keys each query attends to.

Shapes: T tokens in the packed row, of which other rows of attention have keys S times. A block has G rows, Q queries and K keys
per row, padding included. A slot is an index into the queries or the keys of all blocks, flattened block by block and row by
row, padding included.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from thoughtrank.finetuning.batching.variable_lengths import VariableLengths

EVERY_QUERY, NO_QUERY, NO_KEY = -1, -2, -3
"""In place of a span's number: a key before all spans, padding of the queries, padding of the keys."""


@dataclass(frozen=True, slots=True)
class AttentionBlock:
    """Rows of attention that are computed in one batch.

    Attributes:
        queries: [G, Q] token indices; 0 on padding.
        keys: [G, K] token indices; 0 on padding.
        query_padding: [G, Q], True on padding; None without padding.
        query_owners: [G, Q] number of each query's span in its row; ``NO_QUERY`` on padding.
        key_owners: [G, K] the same of the keys; ``EVERY_QUERY`` for those before all spans, ``NO_KEY`` on padding.
        causal: queries and keys are the same tokens, and attention is plain causal attention.
    """

    queries: Tensor
    keys: Tensor
    query_padding: Tensor | None
    query_owners: Tensor
    key_owners: Tensor
    causal: bool

    @property
    def allowed(self) -> Tensor:
        """[G, Q, K] or [1, Q, K], True where a query attends to a key; built where it is used, since it is large.

        Padding attends to the first key or more, since a softmax over an empty set is NaN.
        """
        if self.causal:
            size = (1, self.queries.shape[1], self.keys.shape[1])
            return torch.ones(size, dtype=torch.bool, device=self.queries.device).tril()
        own = self.query_owners[:, :, None] == self.key_owners[:, None, :]
        before = self.keys[:, None, :] <= self.queries[:, :, None]
        return own.logical_and_(before).logical_or_((self.key_owners == EVERY_QUERY)[:, None, :])

    def to(self, device: torch.device) -> "AttentionBlock":
        """Copy to another device."""
        return replace(
            self,
            queries=self.queries.to(device),
            keys=self.keys.to(device),
            query_padding=None if self.query_padding is None else self.query_padding.to(device),
            query_owners=self.query_owners.to(device),
            key_owners=self.key_owners.to(device),
        )


@dataclass(frozen=True, slots=True)
class BlockedRow:
    """A packed row in blocks.

    Attributes:
        blocks: every token is a query in exactly one of them.
        query_slots: [T] slot of each token among the queries of all blocks.
        key_slots: [T] slot of each token among the keys of all blocks, in the block where it is a query.
        shared_tokens: [S] tokens that other rows of attention have among their keys too, once for each of these rows.
        shared_slots: [S] slot of each of these keys.
    """

    blocks: tuple[AttentionBlock, ...]
    query_slots: Tensor
    key_slots: Tensor
    shared_tokens: Tensor
    shared_slots: Tensor

    def to(self, device: torch.device) -> "BlockedRow":
        """Copy to another device."""
        return BlockedRow(
            blocks=tuple(block.to(device) for block in self.blocks),
            query_slots=self.query_slots.to(device),
            key_slots=self.key_slots.to(device),
            shared_tokens=self.shared_tokens.to(device),
            shared_slots=self.shared_slots.to(device),
        )


@dataclass(frozen=True, slots=True)
class PackedLayout:
    """Attention within a row of packed tokens.

    Attributes:
        positions: [T] position of each token in its own example.
        lengths: the sequences, for kernels that need no blocks.
        build_blocks: makes the blocks for other kernels, in main memory.
    """

    positions: Tensor
    lengths: VariableLengths
    build_blocks: Callable[[], BlockedRow]
    _blocked: list[BlockedRow] = field(default_factory=list)
    _masks: dict[tuple[int | None, torch.dtype], list[Tensor]] = field(default_factory=dict)

    def map(self, change: Callable[[Tensor], Tensor]) -> "PackedLayout":
        """With every tensor changed, such as copied to another device; blocks are built again when they are first read."""
        return PackedLayout(
            positions=change(self.positions), lengths=self.lengths.map(change), build_blocks=self.build_blocks
        )

    @property
    def blocked(self) -> BlockedRow:
        """The blocks, on the device of the other tensors; made when they are first read."""
        if not self._blocked:
            self._blocked.append(self.build_blocks().to(self.positions.device))
        return self._blocked[0]

    def masks(self, *, window: int | None, dtype: torch.dtype) -> list[Tensor]:
        """Additive attention masks, one per block, [G or 1, Q, K]: 0 where a query attends to a key, else -inf.

        Built once per ``window`` and ``dtype``, and shared by all layers.

        Args:
            window: sliding window: a query attends to keys fewer than this many positions before it; None for all.
            dtype: of the attention scores.
        """
        key = (window, dtype)
        if key not in self._masks:
            self._masks[key] = [self._mask(block, window, dtype) for block in self.blocked.blocks]
        return self._masks[key]

    def _mask(self, block: AttentionBlock, window: int | None, dtype: torch.dtype) -> Tensor:
        allowed = block.allowed
        if window is not None:
            distance = self.positions[block.queries][:, :, None] - self.positions[block.keys][:, None, :]
            near = distance < window
            if block.query_padding is not None:
                near = near | block.query_padding[:, :, None]  # a softmax over an empty set is NaN
            allowed = allowed & near
        return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(~allowed, float("-inf"))
