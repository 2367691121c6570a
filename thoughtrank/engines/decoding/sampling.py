"""From logits to the next token of each branch: greedy, sampled at a temperature, or of a chosen rank."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from thoughtrank.engines.decoding.branch import BranchState

_SAMPLED_TOGETHER = 64
"""Rows: their probabilities take 8 bytes per token of the vocabulary."""


def next_tokens(logits: Tensor, states: Sequence[BranchState]) -> list[int]:
    """The likeliest token of each branch, or what the branch asks for instead.

    Tokens that end the turn are excluded while an answer is shorter than its minimum.

    Args:
        logits: [branches, vocabulary]; changed in place where the turn may not end.
        states: of the same branches.
    """
    if not states:
        return []
    too_short = [row for row, state in enumerate(states) if state.is_below_minimum]
    if too_short:
        ends = torch.tensor(sorted(states[0].tokenizer.end_tokens), device=logits.device)
        logits[torch.tensor(too_short, device=logits.device)[:, None], ends] = float("-inf")
    return special_tokens(logits, rows=range(len(states)), states=states, likeliest=argmax(logits).tolist())


def special_tokens(
    logits: Tensor, *, rows: Sequence[int], states: Sequence[BranchState], likeliest: Sequence[int]
) -> list[int]:
    """What some branches ask for: the likeliest token, one of a rank, or a sampled one.

    Args:
        logits: [all branches, vocabulary].
        rows: of these branches.
        states: of these branches.
        likeliest: token of each of them.
    """
    tokens = list(likeliest)
    # Branches that differ only in their first choice use one and the same row: in low precision, two rows of a batch with the
    # same content may differ in their last bits, and then two ranks could give the same token.
    first_rows: dict[tuple[int, ...], int] = {}
    sampled = []
    for position, (row, state) in enumerate(zip(rows, states, strict=True)):
        if state.at_first_choice:
            source = first_rows.setdefault((state.question, *state.opener_ids), row)
            tokens[position] = ranked_token(logits[source], state)
        elif state.is_sampled:
            sampled.append(position)
    found = sampled_tokens(logits, rows=[rows[each] for each in sampled], states=[states[each] for each in sampled])
    for position, token in zip(sampled, found, strict=True):
        tokens[position] = token
    return tokens


def argmax(logits: Tensor) -> Tensor:
    """``argmax`` of each row, the first among equals: in blocks on the CPU, where that is up to ten times as fast."""
    rows, vocabulary = logits.shape
    block = next((size for size in (256, 128, 64) if vocabulary % size == 0), 0)
    if not block or logits.device.type != "cpu":
        return logits.argmax(dim=-1)
    blocks = logits.view(rows, -1, block)
    best = blocks.amax(dim=-1).argmax(dim=-1)
    within = blocks[torch.arange(rows), best].argmax(dim=-1)
    return best * block + within


def ranked_token(logits: Tensor, state: BranchState) -> int:
    """The token of the rank that the branch asks for; tokens that end the turn have no rank.

    Args:
        logits: [vocabulary].
        state: of a branch with a ``first_choice``.
    """
    if state.branch.first_choice is None:
        raise ValueError("the branch asks for no rank")
    # A stable order: equally likely tokens are common in bfloat16, and must have the same ranks every time.
    ends = torch.tensor(sorted(state.tokenizer.end_tokens), device=logits.device)
    without = logits.index_fill(0, ends, float("-inf"))
    return int(without.sort(descending=True, stable=True).indices[state.branch.first_choice])


def sampled_token(logits: Tensor, state: BranchState) -> int:
    """A token sampled at the branch's temperature.

    Inverts the cumulative distribution at one uniform number per branch and token. The token depends only on the seed, its
    position and the logits: a resumed group samples the same text, in any batch.

    Args:
        logits: [vocabulary].
        state: of a branch with a temperature above 0.
    """
    cumulative = torch.softmax(logits.to("cpu", torch.float64) / state.temperature, dim=0).cumsum(0)
    target = uniform(seed=state.branch.seed, step=state.sampling_step) * cumulative[-1]
    return min(int(torch.searchsorted(cumulative, target, right=True)), len(cumulative) - 1)


def sampled_tokens(logits: Tensor, *, rows: Sequence[int], states: Sequence[BranchState]) -> list[int]:
    """``sampled_token`` of several branches: on a GPU a few at a time, because a copy of all logits takes longer than the step.

    Args:
        logits: [all branches, vocabulary].
        rows: of these branches.
        states: of these branches.
    """
    if logits.device.type == "cpu":
        return [sampled_token(logits[row], state) for row, state in zip(rows, states, strict=True)]
    return [
        token
        for first in range(0, len(rows), _SAMPLED_TOGETHER)
        for token in _sampled(
            logits[list(rows[first : first + _SAMPLED_TOGETHER])], states[first : first + _SAMPLED_TOGETHER]
        )
    ]


def _sampled(logits: Tensor, states: Sequence[BranchState]) -> list[int]:
    """One token per row, as ``sampled_token`` defines it."""

    def numbers(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=logits.device)[:, None]

    temperatures = numbers([state.temperature for state in states])
    cumulative = torch.softmax(logits.double() / temperatures, dim=1).cumsum(1)
    draws = numbers([uniform(seed=state.branch.seed, step=state.sampling_step) for state in states])
    found = torch.searchsorted(cumulative, draws * cumulative[:, -1:], right=True)
    return found[:, 0].clamp(max=cumulative.shape[1] - 1).tolist()


def uniform(*, seed: int, step: int) -> float:
    """A number in [0, 1) that depends only on the seed and the step."""
    digest = hashlib.sha256(f"{seed}-{step}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
