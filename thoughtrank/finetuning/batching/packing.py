"""Lays examples side by side in one row without padding, their shared prompts once.

A *trunk* is a whole example, or the prompt that several completions share. A *branch* is a completion that follows a shared
prompt: it sees the prompt and itself, and its positions go on from the prompt's. So a prompt is computed once for all its
completions, and the loss is the one of the examples by themselves.

Attention runs on *blocks*: trunks, or groups of branches, of about the same length, padded to the longest of the block.
Only scores are padded; all the rest of the model works on the row itself.

Shapes: T tokens of the row, S of them in prompts that branches share (these come first), G rows of a block, Q queries and
K keys of its longest row. A slot is a place in all blocks together: block by block, row by row, padding included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

_LEAST_FILL = 0.7  # the shortest row of a block, as a share of its longest


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of attention that are computed together.

    Attributes:
        queries: [G, Q] places in the row of tokens; 0 on padding.
        keys: [G, K] likewise.
        query_padding: [G, Q], True on padding; None where there is none.
        allowed: [G, Q, K] or [1, Q, K], True where a query sees a key.
        causal: queries and keys are the same tokens, in order.
    """

    queries: Tensor
    keys: Tensor
    query_padding: Tensor | None
    allowed: Tensor
    causal: bool


@dataclass(frozen=True, slots=True)
class Packing:
    """Who sees whom in a row of packed tokens.

    Attributes:
        blocks: together their queries are every token once.
        positions: [T] position of each token in its own example.
        query_slots: [T] the slot in which a token is a query, counted over the queries of all blocks.
        key_slots: [T] the slot in which a token is a key of its own trunk or branch, counted over the keys of all blocks.
        prompt_slots: [S] the slot in which a token of a shared prompt is a key of the branches.
    """

    blocks: tuple[Block, ...]
    positions: Tensor
    query_slots: Tensor
    key_slots: Tensor
    prompt_slots: Tensor
    _masks: dict[object, list[Tensor]] = field(default_factory=dict)

    def to(self, device: torch.device) -> "Packing":
        """The same on another device."""
        blocks = tuple(
            replace(
                block,
                queries=block.queries.to(device),
                keys=block.keys.to(device),
                query_padding=None if block.query_padding is None else block.query_padding.to(device),
                allowed=block.allowed.to(device),
            )
            for block in self.blocks
        )
        moved = {
            name: getattr(self, name).to(device) for name in ("positions", "query_slots", "key_slots", "prompt_slots")
        }
        return Packing(blocks=blocks, **moved)

    def masks(self, *, window: int | None, dtype: torch.dtype) -> list[Tensor]:
        """What is added to each block's scores, [G or 1, Q, K]: 0 where a query sees a key, else -inf.

        Args:
            window: a query sees keys fewer than that many positions before it; None for all.
            dtype: of the scores.
        """
        key = (window, dtype)
        if key not in self._masks:
            self._masks[key] = [self._mask(block, window, dtype) for block in self.blocks]
        return self._masks[key]

    def _mask(self, block: Block, window: int | None, dtype: torch.dtype) -> Tensor:
        allowed = block.allowed
        if window is not None:
            distance = self.positions[block.queries][:, :, None] - self.positions[block.keys][:, None, :]
            near = distance < window
            if block.query_padding is not None:
                near = near | block.query_padding[:, :, None]  # a softmax over nothing is not a number
            allowed = allowed & near
        return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(~allowed, float("-inf"))


@dataclass(frozen=True, slots=True)
class Packed:
    """A row of tokens, and where its predictions are.

    Attributes:
        token_ids: [T].
        packing: who sees whom.
        predictors: one list per example: the places whose hidden states predict its targets.
    """

    token_ids: Tensor
    packing: Packing
    predictors: list[list[int]]


def pack(examples: Sequence[tuple[tuple[int, ...], int]]) -> Packed:
    """Lay examples side by side; those with the same tokens before the first target have these once.

    The last token of an example predicts nothing, and is left out.

    Args:
        examples: token ids of each, and the place of its first target (at least 1).
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, (token_ids, first_target) in enumerate(examples):
        groups.setdefault(token_ids[:first_target], []).append(number)
    shared = {prompt: numbers for prompt, numbers in groups.items() if len(numbers) > 1}
    # Prompts that nothing follows in the row stand behind the others.
    branching = [prompt for prompt in shared if any(len(examples[i][0]) > len(prompt) + 1 for i in shared[prompt])]
    row = _Row()
    prompts = {prompt: row.add(prompt) for prompt in (*branching, *(p for p in shared if p not in branching))}
    predictors: list[list[int]] = [[] for _ in examples]
    trunks = [_Attending.trunk(place) for place in prompts.values()]
    for prompt, numbers in groups.items():
        if prompt not in shared:
            place = row.add(examples[numbers[0]][0][:-1])
            predictors[numbers[0]] = list(place[len(prompt) - 1 :])
            trunks.append(_Attending.trunk(place))
    branches = []
    for prompt, numbers in shared.items():
        places = [row.add(examples[number][0][len(prompt) : -1], first_position=len(prompt)) for number in numbers]
        for number, place in zip(numbers, places, strict=True):
            predictors[number] = [prompts[prompt][-1], *place]
        if prompt in branching:
            branches.append(_Attending.branches(prompts[prompt], places))
    packing = _packing(trunks, branches, row=row, num_shared=sum(map(len, branching)))
    return Packed(token_ids=torch.tensor(row.token_ids), packing=packing, predictors=predictors)


class _Row:
    """The growing row of tokens."""

    def __init__(self) -> None:
        self.token_ids: list[int] = []
        self.positions: list[int] = []

    def add(self, token_ids: Sequence[int], *, first_position: int = 0) -> range:
        start = len(self.token_ids)
        self.token_ids.extend(token_ids)
        self.positions.extend(range(first_position, first_position + len(token_ids)))
        return range(start, len(self.token_ids))


@dataclass(frozen=True, slots=True)
class _Attending:
    """One row of a block before padding.

    Attributes:
        queries: places of its tokens, branch by branch; a trunk is one branch.
        keys: the prompt that all branches see, then the queries.
        lengths: of the branches.
    """

    queries: list[int]
    keys: list[int]
    lengths: list[int]

    @classmethod
    def trunk(cls, place: range) -> "_Attending":
        return cls(queries=list(place), keys=list(place), lengths=[len(place)])

    @classmethod
    def branches(cls, prompt: range, places: list[range]) -> "_Attending":
        own = [token for place in places for token in place]
        return cls(queries=own, keys=[*prompt, *own], lengths=[len(place) for place in places])

    def allowed(self) -> Tensor:
        """[queries, keys], True where a query sees a key."""
        prompt = len(self.keys) - len(self.queries)
        branch = torch.repeat_interleave(torch.arange(len(self.lengths)), torch.tensor(self.lengths))
        own = (branch[:, None] == branch[None, :]).tril()
        return torch.cat([torch.ones(len(self.queries), prompt, dtype=torch.bool), own], dim=1)


def _blocks(rows: list[_Attending]) -> list[list[_Attending]]:
    """Gather rows of about the same size."""
    blocks: list[list[_Attending]] = []
    for row in sorted(rows, key=lambda row: len(row.queries) * len(row.keys), reverse=True):
        fits = bool(blocks) and all(
            min(len(part), len(first)) >= _LEAST_FILL * max(len(part), len(first))
            for part, first in ((row.queries, blocks[-1][0].queries), (row.keys, blocks[-1][0].keys))
        )
        if fits:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return blocks


def _block(rows: list[_Attending], *, causal: bool) -> Block:
    num_queries, num_keys = max(len(row.queries) for row in rows), max(len(row.keys) for row in rows)
    queries = torch.zeros(len(rows), num_queries, dtype=torch.long)
    keys = torch.zeros(len(rows), num_keys, dtype=torch.long)
    padding = torch.ones(len(rows), num_queries, dtype=torch.bool)
    allowed = torch.zeros(len(rows), num_queries, num_keys, dtype=torch.bool)
    allowed[:, :, 0] = True  # a softmax over nothing is not a number
    for number, row in enumerate(rows):
        queries[number, : len(row.queries)] = torch.tensor(row.queries)
        keys[number, : len(row.keys)] = torch.tensor(row.keys)
        padding[number, : len(row.queries)] = False
        allowed[number, : len(row.queries), : len(row.keys)] = row.allowed()
    if causal:
        allowed = torch.ones(1, num_queries, num_keys, dtype=torch.bool).tril()
    return Block(
        queries=queries, keys=keys, query_padding=padding if padding.any() else None, allowed=allowed, causal=causal
    )


def _packing(trunks: list[_Attending], branches: list[_Attending], *, row: _Row, num_shared: int) -> Packing:
    """Lay the rows out in blocks, and note where each token went."""
    blocks: list[Block] = []
    query_slots = torch.zeros(len(row.token_ids), dtype=torch.long)
    key_slots, prompt_slots = torch.zeros_like(query_slots), torch.zeros(num_shared, dtype=torch.long)
    query_base = key_base = 0
    for kind, causal in ((trunks, True), (branches, False)):
        for rows in _blocks(kind):
            block = _block(rows, causal=causal)
            for each in rows:
                prompt = len(each.keys) - len(each.queries)
                query_slots[each.queries] = torch.arange(len(each.queries)) + query_base
                key_slots[each.queries] = torch.arange(len(each.queries)) + prompt + key_base
                prompt_slots[each.keys[:prompt]] = torch.arange(prompt) + key_base
                query_base += block.queries.shape[1]
                key_base += block.keys.shape[1]
            blocks.append(block)
    return Packing(
        blocks=tuple(blocks),
        positions=torch.tensor(row.positions),
        query_slots=query_slots,
        key_slots=key_slots,
        prompt_slots=prompt_slots,
    )
