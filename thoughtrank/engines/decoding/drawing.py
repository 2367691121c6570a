"""Tokens that are not simply the likeliest: sampled at a temperature, or a given place among the likeliest."""

import hashlib

import torch

from thoughtrank.engines.decoding.branch import BranchState


def uniform(*, seed: int, step: int) -> float:
    """A number in [0, 1) that depends on nothing but the seed and the step."""
    digest = hashlib.sha256(f"{seed}-{step}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def draw(logits: torch.Tensor, state: BranchState) -> int:
    """The next token of a thought that samples, or that begins with a given choice.

    Sampling inverts the cumulated probabilities at one uniform number per branch and token. So a token depends on the
    seed, its place and the logits alone: a resumed group draws the same text, in any batch.

    Args:
        logits: [vocabulary], of this branch.
        state: the branch.
    """
    if state.branch.first_choice is not None and not state.thought_ids:
        # A stable order: equally likely tokens are common in bfloat16, and must have the same places every time.
        ends = torch.tensor(sorted(state.reader.end_tokens), device=logits.device)
        without = logits.index_fill(0, ends, float("-inf"))
        return int(without.sort(descending=True, stable=True).indices[state.branch.first_choice])
    probabilities = torch.softmax(logits.to("cpu", torch.float64) / state.branch.temperature, dim=0).cumsum(0)
    target = uniform(seed=state.branch.seed, step=state.thought_tokens) * probabilities[-1]
    place = int(torch.searchsorted(probabilities, target, right=True))
    return min(place, len(probabilities) - 1)
