"""Which prompts the model reads together, and which tokens of them it need not read again."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_TOKENS = 512
"""Of one prefill: more rows make the matrix products faster, up to a few hundred."""
_LEAST_SHARED = 16
"""Fewer tokens than this are not worth a prefill of its own for the prompt they are taken from."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that are read in one call of the model.

    Attributes:
        places: of the prompts in the cache.
        tokens: what is read of each, all of it behind the first ``shared`` tokens.
        shared: tokens that are the same in all of them; their keys and values are copied.
        source: place of the prompt they are copied from.
    """

    places: list[int]
    tokens: list[list[int]]
    shared: int = 0
    source: int = 0

    @property
    def lengths(self) -> list[int]:
        """Tokens of each prompt, the shared ones included."""
        return [self.shared + len(tokens) for tokens in self.tokens]


def plan_prefills(prompts: Sequence[list[int]], *, present: int) -> list[Prefill]:
    """Read all prompts but the first ``present`` ones, a few of like length at a time.

    Prompts mostly begin with the same system prompt, instructions or examples. Only one of them is read whole.

    Args:
        prompts: tokens by place.
        present: how many of them, the first ones, are in the cache.
    """
    waiting = sorted(range(present, len(prompts)), key=lambda place: (len(prompts[place]), place))
    source = 0 if present else waiting[0]
    shared = common_length([prompts[source], *(prompts[place] for place in waiting)])
    if shared < _LEAST_SHARED:
        shared = 0
    whole = []
    if shared and not present:
        whole = [Prefill([source], [prompts[source]])]
        waiting.remove(source)
    return whole + [
        Prefill(places, [prompts[place][shared:] for place in places], shared=shared, source=source)
        for places in _chunks(prompts, waiting, shared)
    ]


def common_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many tokens all sequences share, leaving each at least one of its own."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    for position in range(shortest):
        if len({sequence[position] for sequence in sequences}) > 1:
            return position
    return shortest


def _chunks(prompts: Sequence[Sequence[int]], places: Sequence[int], shared: int) -> list[list[int]]:
    """Places in their order, as many together as one prefill may read."""
    chunks: list[list[int]] = []
    for place in places:
        if chunks and (len(chunks[-1]) + 1) * (len(prompts[place]) - shared) <= _MOST_TOKENS:
            chunks[-1].append(place)
        else:
            chunks.append([place])
    return chunks
