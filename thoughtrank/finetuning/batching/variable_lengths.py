"""The sequences of a packed row in the form of variable-length attention kernels, which need neither blocks nor masks.

Shapes: T tokens in the packed row, N sequences, K keys of all sequences.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class VariableLengths:
    """Which queries and keys form a sequence; the last query of a sequence attends to all of its keys.

    Attributes:
        query_offsets: [N + 1] int32, the first token of each sequence, and T.
        key_offsets: [N + 1] int32, the same among the keys.
        keys: [K] token indices; None where each sequence attends to its own tokens only.
        longest_queries: most queries of a sequence.
        longest_keys: most keys of a sequence.
    """

    query_offsets: Tensor
    key_offsets: Tensor
    keys: Tensor | None
    longest_queries: int
    longest_keys: int

    def map(self, change: Callable[[Tensor], Tensor]) -> "VariableLengths":
        """With every tensor changed, such as moved to another device."""
        return replace(
            self,
            query_offsets=change(self.query_offsets),
            key_offsets=change(self.key_offsets),
            keys=None if self.keys is None else change(self.keys),
        )


def variable_lengths(spans: Sequence[tuple[Sequence[int], Sequence[int]]]) -> VariableLengths:
    """Describe a row by the sequences it consists of.

    Args:
        spans: in any order, for each sequence the tokens before it that it attends to, and its own, which are consecutive.
    """
    ordered = sorted(((prompt, own) for prompt, own in spans if own), key=lambda span: span[1][0])
    queries = [len(own) for _, own in ordered]
    keys = [len(prompt) + len(own) for prompt, own in ordered]
    shared = any(prompt for prompt, _ in ordered)
    return VariableLengths(
        query_offsets=_offsets(queries),
        key_offsets=_offsets(keys),
        keys=torch.tensor([token for span in ordered for part in span for token in part]) if shared else None,
        longest_queries=max(queries),
        longest_keys=max(keys),
    )


def _offsets(lengths: list[int]) -> Tensor:
    return torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)
