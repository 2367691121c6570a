"""Groups rows of attention by length into padded blocks.

Only attention scores are padded; the rest of the model works on the packed row without padding. For shapes and slots see
``packed_layout``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise

import torch

from thoughtrank.finetuning.batching.packed_layout import (
    EVERY_QUERY,
    NO_KEY,
    NO_QUERY,
    AttentionBlock,
    BlockedRow,
    PackedLayout,
)
from thoughtrank.finetuning.batching.variable_lengths import variable_lengths

_MIN_FILL = 0.7
"""Length of the shortest row of a block as a fraction of its longest."""


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One row of a block before padding.

    Attributes:
        queries: token indices, span by span.
        keys: token indices before the spans that all of them attend to, then the queries.
        lengths: of the spans.
    """

    queries: list[int]
    keys: list[int]
    lengths: list[int]

    @classmethod
    def sequence(cls, span: range) -> "AttentionRow":
        """Causal attention of the tokens ``span`` to themselves."""
        return cls.after([], [span])

    @classmethod
    def after(cls, before: Sequence[int], spans: Sequence[range]) -> "AttentionRow":
        """Each of ``spans`` attends to all of ``before`` and causally to itself."""
        queries = [token for span in spans for token in span]
        return cls(queries=queries, keys=[*before, *queries], lengths=[len(span) for span in spans])

    @property
    def num_before(self) -> int:
        """Keys before the row's own tokens."""
        return len(self.keys) - len(self.queries)

    @property
    def causal(self) -> bool:
        """Whether this is plain causal attention."""
        return not self.num_before and len(self.lengths) == 1

    def spans(self) -> list[tuple[list[int], list[int]]]:
        """For each span the tokens before it, and its own."""
        ends = list(accumulate(self.lengths, initial=0))
        before = self.keys[: self.num_before]
        return [(before, self.queries[start:end]) for start, end in pairwise(ends)]


def build_layout(rows: Sequence[AttentionRow], *, positions: list[int]) -> PackedLayout:
    """The layout of a row of packed tokens.

    Args:
        rows: every token is a query in exactly one of them.
        positions: [T] position of each token in its own example.
    """
    return PackedLayout(
        positions=torch.tensor(positions),
        lengths=variable_lengths([span for row in rows for span in row.spans()]),
        build_blocks=partial(build_blocks, rows, num_tokens=len(positions)),
    )


def build_blocks(rows: Sequence[AttentionRow], *, num_tokens: int) -> BlockedRow:
    """Pad the rows into blocks, and record the slots of every token.

    Args:
        rows: every token is a query in exactly one of them.
        num_tokens: T.
    """
    blocks: list[AttentionBlock] = []
    query_slots = torch.zeros(num_tokens, dtype=torch.long)
    key_slots = torch.zeros_like(query_slots)
    shared_tokens: list[int] = []
    shared_slots: list[int] = []
    query_base = key_base = 0
    for causal in (True, False):
        for group in _groups_of_similar_length([row for row in rows if row.causal == causal]):
            block = _padded_block(group, causal=causal)
            for row in group:
                own, before = torch.arange(len(row.queries)), row.num_before
                query_slots[row.queries] = own + query_base
                key_slots[row.queries] = own + before + key_base
                shared_tokens += row.keys[:before]
                shared_slots += range(key_base, key_base + before)
                query_base += block.queries.shape[1]
                key_base += block.keys.shape[1]
            blocks.append(block)
    return BlockedRow(
        blocks=tuple(blocks),
        query_slots=query_slots,
        key_slots=key_slots,
        shared_tokens=torch.tensor(shared_tokens, dtype=torch.long),
        shared_slots=torch.tensor(shared_slots, dtype=torch.long),
    )


def _groups_of_similar_length(rows: Sequence[AttentionRow]) -> list[list[AttentionRow]]:
    groups: list[list[AttentionRow]] = []
    for row in sorted(rows, key=lambda row: len(row.queries) * len(row.keys), reverse=True):
        if groups and _similar(row.queries, groups[-1][0].queries) and _similar(row.keys, groups[-1][0].keys):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _similar(left: list[int], right: list[int]) -> bool:
    return min(len(left), len(right)) >= _MIN_FILL * max(len(left), len(right))


def _padded_block(rows: list[AttentionRow], *, causal: bool) -> AttentionBlock:
    num_queries, num_keys = max(len(row.queries) for row in rows), max(len(row.keys) for row in rows)
    queries = torch.zeros(len(rows), num_queries, dtype=torch.long)
    keys = torch.zeros(len(rows), num_keys, dtype=torch.long)
    padding = torch.ones(len(rows), num_queries, dtype=torch.bool)
    query_owners, key_owners = torch.full_like(queries, NO_QUERY), torch.full_like(keys, NO_KEY)
    for number, row in enumerate(rows):
        queries[number, : len(row.queries)] = torch.tensor(row.queries)
        keys[number, : len(row.keys)] = torch.tensor(row.keys)
        padding[number, : len(row.queries)] = False
        owners = torch.repeat_interleave(torch.arange(len(row.lengths)), torch.tensor(row.lengths))
        query_owners[number, : len(row.queries)] = owners
        key_owners[number, : row.num_before] = EVERY_QUERY
        key_owners[number, row.num_before : len(row.keys)] = owners
    return AttentionBlock(
        queries=queries,
        keys=keys,
        query_padding=padding if padding.any() else None,
        query_owners=query_owners,
        key_owners=key_owners,
        causal=causal,
    )
