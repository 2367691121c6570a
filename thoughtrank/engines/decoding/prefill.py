"""Which prompts are prefilled together, and which of their tokens are copied from another prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

_MAX_TOKENS = 512
"""Of one prefill: more rows make matmuls more efficient, up to a few hundred."""
_MIN_SHARED = 16
"""Fewer shared tokens are not worth a separate prefill for the prompt they are copied from."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that are read in one forward pass.

    Attributes:
        prompts: their indices in the cache.
        tokens: what is read of each: all tokens after the first ``shared`` ones.
        shared: number of first tokens that are the same in all of them; their keys and values are copied.
        source: index of the prompt they are copied from.
        stored: whether the keys and values go into the cache; texts that are only scored are not needed again.
    """

    prompts: list[int]
    tokens: list[list[int]]
    shared: int = 0
    source: int = 0
    stored: bool = True

    @property
    def lengths(self) -> list[int]:
        """Tokens of each prompt, the shared ones included."""
        return [self.shared + len(tokens) for tokens in self.tokens]


def plan_prefills(prompts: Sequence[list[int]], *, present: int) -> list[Prefill]:
    """Prefills of all prompts but the first ``present`` ones, a few of similar length at a time.

    Most prompts begin with the same system prompt, instructions or examples, which is read only once.

    Args:
        prompts: their token ids, by index in the cache.
        present: how many of them, the first ones, are in the cache.
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
        for indices in _chunks(prompts, missing, shared)
    ]


def plan_scoring(sequences: Sequence[list[int]], *, shared: int, source: int) -> list[Prefill]:
    """Forward passes over sequences that are scored, a few of similar length at a time; ``prompts`` are their indices here.

    Args:
        sequences: token ids.
        shared: number of first tokens that are in the cache.
        source: index of the prompt in the cache.
    """
    order = sorted(range(len(sequences)), key=lambda index: (len(sequences[index]), index))
    return [
        Prefill(indices, [sequences[index][shared:] for index in indices], shared=shared, source=source, stored=False)
        for indices in _chunks(sequences, order, shared)
    ]


def common_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many first tokens are the same in all sequences; at least one token of each is left out."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    for position in range(shortest):
        if len({sequence[position] for sequence in sequences}) > 1:
            return position
    return shortest


def _chunks(prompts: Sequence[Sequence[int]], indices: Sequence[int], shared: int) -> list[list[int]]:
    """Indices in their order, as many together as one prefill may read."""
    chunks: list[list[int]] = []
    for index in indices:
        if chunks and (len(chunks[-1]) + 1) * (len(prompts[index]) - shared) <= _MAX_TOKENS:
            chunks[-1].append(index)
        else:
            chunks.append([index])
    return chunks
