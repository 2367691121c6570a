"""Which prompts, openers and texts are read together, and which of their tokens are copied from another prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor

_MAX_TOKENS = 512
"""Of one prefill: more rows make matmuls more efficient, up to a few hundred."""
_MIN_SHARED = 16
"""Fewer shared tokens are not worth a separate prefill for the prompt they are copied from."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Sequences that are read in one forward pass.

    Attributes:
        indices: of the prompts or rows in the cache, or of the texts that are scored.
        tokens: what is read of each: all tokens after the first ``shared`` ones.
        shared: number of first tokens that are the same in all of them; their keys and values are copied.
        source: index of the prompt they are copied from.
        target: what the keys and values are stored as; None for texts that are only scored.
    """

    indices: list[int]
    tokens: list[list[int]]
    shared: int = 0
    source: int = 0
    target: Literal["prompts", "rows"] | None = "prompts"

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence, the shared ones included."""
        return [self.shared + len(tokens) for tokens in self.tokens]


class PrefillCache(Protocol):
    """What a prefill needs of a KV cache."""

    def store_prefill(self, prefill: Prefill, layer: int, keys: "Tensor", values: "Tensor") -> "tuple[Tensor, Tensor]":
        """See ``KVCache.store_prefill``."""
        ...


def plan_prefills(prompts: Sequence[list[int]], *, present: int, at_most: int = _MAX_TOKENS) -> list[Prefill]:
    """Prefills of all prompts but the first ``present`` ones, a few of similar length at a time.

    Most prompts begin with the same system prompt, instructions or examples, which is read only once.

    Args:
        prompts: their token ids, by index in the cache.
        present: how many of them, the first ones, are in the cache.
        at_most: tokens of one prefill.
    """
    missing = sorted(range(present, len(prompts)), key=lambda index: (len(prompts[index]), index))
    source = 0 if present else missing[0]
    shared = common_length([prompts[source], *(prompts[index] for index in missing)])
    if shared < _MIN_SHARED:
        shared = 0
    first = []
    if shared and not present:
        first = [Prefill([source], [prompts[source]])]
        missing.remove(source)
    return first + [
        Prefill(indices, [prompts[index][shared:] for index in indices], shared=shared, source=source)
        for indices in _chunks({index: len(prompts[index]) - shared for index in missing}, at_most=at_most)
    ]


def plan_openers(
    openers: Mapping[int, list[int]], *, prompt_tokens: int, source: int, at_most: int = _MAX_TOKENS
) -> list[Prefill]:
    """Forward passes over the first tokens of branches, a few of similar length at a time.

    Args:
        openers: row to tokens after the prompt.
        prompt_tokens: of the prompt of all these rows.
        source: its index in the cache.
        at_most: tokens of one prefill.
    """
    order = sorted(openers, key=lambda row: (len(openers[row]), row))
    return [
        Prefill(rows, [openers[row] for row in rows], shared=prompt_tokens, source=source, target="rows")
        for rows in _chunks({row: len(openers[row]) for row in order}, at_most=at_most)
    ]


def plan_scoring(sequences: Sequence[list[int]], *, shared: int, source: int) -> list[Prefill]:
    """Forward passes over sequences that are scored, a few of similar length at a time; ``indices`` are positions here.

    Args:
        sequences: token ids.
        shared: number of first tokens that are in the cache.
        source: index of the prompt in the cache.
    """
    order = sorted(range(len(sequences)), key=lambda index: (len(sequences[index]), index))
    return [
        Prefill(indices, [sequences[index][shared:] for index in indices], shared=shared, source=source, target=None)
        for indices in _chunks({index: len(sequences[index]) - shared for index in order}, at_most=_MAX_TOKENS)
    ]


def common_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many first tokens are the same in all sequences; at least one token of each is left out."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    for position in range(shortest):
        if len({sequence[position] for sequence in sequences}) > 1:
            return position
    return shortest


def _chunks(lengths: Mapping[int, int], *, at_most: int) -> list[list[int]]:
    """The keys in their order, from the shortest to the longest, as many together as one prefill may read."""
    chunks: list[list[int]] = []
    for index, length in lengths.items():
        if chunks and (len(chunks[-1]) + 1) * length <= at_most:
            chunks[-1].append(index)
        else:
            chunks.append([index])
    return chunks
