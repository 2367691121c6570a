"""The KV cache of regions: keys and values of prompts and branches, each in one contiguous region of one piece of memory.

Shapes: S tokens in all regions, K key-value heads, D head_dim.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.engines.decoding.ragged.growing_scheduler import REGION_STEP, Move


class RaggedCache:
    """The cache of one group, for all layers; see ``GrowingScheduler`` for its regions.

    Args:
        layers: of the model.
        kv_heads: K.
        head_dim: D.
        dtype: of keys and values.
        device: of the model.

    Attributes:
        keys, values: one tensor [S, K, D] per layer; a last region beside those of the group is for padding rows.
        prompt_starts: first token of the region of each prompt, by the index that a prefill gives it.
    """

    def __init__(self, *, layers: int, kv_heads: int, head_dim: int, dtype: torch.dtype, device: torch.device) -> None:
        self._shape, self._dtype, self._device, self._layers = (kv_heads, head_dim), dtype, device, layers
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.prompt_starts: list[int] = []
        self._positions = self._slots = self._copied = torch.zeros(0, dtype=torch.long, device=device)

    @classmethod
    def like(cls, cache: KVCache) -> "RaggedCache":
        """A cache for the same model."""
        return cls(
            layers=cache.layers,
            kv_heads=cache.kv_heads,
            head_dim=cache.head_dim,
            dtype=cache.dtype,
            device=cache.device,
        )

    @property
    def tokens(self) -> int:
        """Tokens of all regions of a group; also the first token of the region of padding rows."""
        return len(self.keys[0]) - REGION_STEP if self.keys else 0

    def begin_group(self, tokens: int) -> None:
        """Have memory for so many tokens; it is reused from group to group."""
        if self.keys and self.tokens >= tokens:
            return
        self.free()
        # Not initialised: only what was written is read.
        memory = torch.empty(
            2, self._layers, tokens + REGION_STEP, *self._shape, dtype=self._dtype, device=self._device
        )
        memory[:, :, tokens:] = 0
        self.keys, self.values = list(memory[0]), list(memory[1])

    def free(self) -> None:
        """Return the memory."""
        self.keys, self.values = [], []

    def store_prefill(self, prefill: Prefill, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """See ``KVCache.store_prefill``. The index of a row is the first token of its region."""
        if layer == 0:
            self._place(prefill)
        complete = []
        for new, stored in ((keys, self.keys[layer]), (values, self.values[layer])):
            whole = new
            if prefill.beginnings:
                before = stored.index_select(0, self._copied).unflatten(0, (len(new), -1)).transpose(1, 2)
                whole = torch.cat((before, new), dim=2)
            written = whole if prefill.target == "prompts" else new
            stored.index_copy_(0, self._slots, written.transpose(1, 2).flatten(0, 1).index_select(0, self._positions))
            complete.append(whole)
        return complete[0], complete[1]

    def _place(self, prefill: Prefill) -> None:
        """Which tokens of a padded prefill are stored where, and which are copied; the same in all layers."""
        whole = prefill.target == "prompts"
        starts = [self.prompt_starts[index] for index in prefill.indices] if whole else prefill.indices
        lengths = prefill.lengths if whole else [len(tokens) for tokens in prefill.tokens]
        width = max(lengths)
        positions = [row * width + token for row, length in enumerate(lengths) for token in range(length)]
        slots = [start + token for start, length in zip(starts, lengths, strict=True) for token in range(length)]
        self._positions = torch.tensor(positions, device=self._device)
        self._slots = torch.tensor(slots, device=self._device)
        if prefill.beginnings:
            # Of a shorter beginning the last token is repeated: what comes after it may never have been written.
            most = range(max(prefill.copied))
            copied = [
                self.prompt_starts[source] + min(token, tokens - 1)
                for source, tokens in prefill.beginnings
                for token in most
            ]
            self._copied = torch.tensor(copied, device=self._device)

    def move(self, moves: Sequence[Move]) -> None:
        """Copy regions. All are read before any is written: a region may move to where another one was."""
        if not moves:
            return
        counts = torch.tensor([move.tokens for move in moves])
        within = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        sources, targets = (
            (torch.tensor(starts).repeat_interleave(counts) + within).to(self._device)
            for starts in ([move.source for move in moves], [move.target for move in moves])
        )
        for buffer in (*self.keys, *self.values):
            buffer.index_copy_(0, targets, buffer.index_select(0, sources))
