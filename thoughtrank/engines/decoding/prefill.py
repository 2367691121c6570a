"""Which prompts, openers and texts are read together, and which of their tokens are copied from another prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import Tensor

_MAX_TOKENS = 512
"""Of one prefill: more rows make matmuls more efficient, up to a few hundred."""
_MIN_SHARED = 16
"""Fewer shared tokens are not worth a separate prefill for the prompt they are copied from."""
_MAX_COPIED = 8
"""Tokens of one prefill, copied ones included, per token that it may read: each sequence gets its own copy."""


class Beginning(NamedTuple):
    """First tokens of a sequence whose keys and values are copied.

    Attributes:
        source: index in the cache of the prompt that they are copied from.
        tokens: how many they are.
    """

    source: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Prefill:
    """Sequences that are read in one forward pass.

    Attributes:
        indices: of the prompts or rows in the cache, or of the texts that are scored.
        tokens: what is read of each: all tokens after its beginning.
        beginnings: of each sequence; none where all of them are read from their first token.
        target: what the keys and values are stored as; None for texts that are only scored.
    """

    indices: list[int]
    tokens: list[list[int]]
    beginnings: list[Beginning] | None = None
    target: Literal["prompts", "rows"] | None = "prompts"

    @property
    def copied(self) -> list[int]:
        """Tokens of the beginning of each sequence."""
        return [beginning.tokens for beginning in self.beginnings or [Beginning(0, 0)] * len(self.tokens)]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence, those of its beginning included."""
        return [copied + len(tokens) for copied, tokens in zip(self.copied, self.tokens, strict=True)]


class Opener(NamedTuple):
    """First tokens of a branch.

    Attributes:
        row: of the branch in the cache.
        tokens: after its prompt.
        prompt: all tokens of its prompt.
    """

    row: int
    tokens: list[int]
    prompt: Beginning


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
    beginning = Beginning(source, shared)
    return first + [
        Prefill(indices, [prompts[index][shared:] for index in indices], _repeated(beginning, len(indices)))
        for indices in _chunks({index: (shared, len(prompts[index]) - shared) for index in missing}, at_most=at_most)
    ]


def plan_openers(openers: Sequence[Opener], *, at_most: int = _MAX_TOKENS) -> list[Prefill]:
    """Forward passes over the first tokens of branches of any questions, a few of similar length at a time.

    Args:
        openers: of all branches that begin now.
        at_most: tokens of one prefill.
    """
    ordered = sorted(openers, key=lambda opener: (len(opener.tokens), opener.row))
    chunks = _chunks(
        {index: (opener.prompt.tokens, len(opener.tokens)) for index, opener in enumerate(ordered)}, at_most=at_most
    )
    return [
        Prefill(
            [opener.row for opener in read],
            [opener.tokens for opener in read],
            [opener.prompt for opener in read],
            target="rows",
        )
        for read in ([ordered[index] for index in chunk] for chunk in chunks)
    ]


def plan_scoring(sequences: Sequence[list[int]], *, beginning: Beginning) -> list[Prefill]:
    """Forward passes over sequences that are scored, a few of similar length at a time; ``indices`` are positions here.

    Args:
        sequences: token ids.
        beginning: of all of them.
    """
    order = sorted(range(len(sequences)), key=lambda index: (len(sequences[index]), index))
    copied = beginning.tokens
    return [
        Prefill(
            indices, [sequences[index][copied:] for index in indices], _repeated(beginning, len(indices)), target=None
        )
        for indices in _chunks(
            {index: (copied, len(sequences[index]) - copied) for index in order}, at_most=_MAX_TOKENS
        )
    ]


def common_length(sequences: Sequence[Sequence[int]]) -> int:
    """How many first tokens are the same in all sequences; at least one token of each is left out."""
    shortest = min(len(sequence) for sequence in sequences) - 1
    for position in range(shortest):
        if len({sequence[position] for sequence in sequences}) > 1:
            return position
    return shortest


def _repeated(beginning: Beginning, number: int) -> list[Beginning] | None:
    return [beginning] * number if beginning.tokens else None


def _chunks(lengths: Mapping[int, tuple[int, int]], *, at_most: int) -> list[list[int]]:
    """The keys in their order, as many together as one prefill may read.

    Args:
        lengths: key to the tokens that are copied and those that are read; in order of the latter.
        at_most: tokens that are read.
    """
    chunks: list[list[int]] = []
    widest = 0
    for index, (copied, read) in lengths.items():
        rows = len(chunks[-1]) + 1 if chunks else 1
        widest = max(widest, copied)
        if chunks and rows * read <= at_most and rows * (widest + read) <= _MAX_COPIED * at_most:
            chunks[-1].append(index)
        else:
            chunks.append([index])
            widest = copied
    return chunks
