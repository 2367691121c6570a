"""Attention of branches over regions of keys and values: flash attention on CUDA, its definition elsewhere.

The prompt and the branch's own tokens are two passes, whose results are combined by their log-sum-exps (Hydragen, arXiv
2402.05099): the rows of a question read its prompt together.

Shapes: N rows, H query heads, K key-value heads, S tokens in all regions, D head_dim, Q prompts.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Spans:
    """Which queries attend to which regions.

    Attributes:
        queries: [B + 1] the first query of each of B sequences, and the end of the last one; int32.
        starts: [B + 1] the first token of the region of each sequence, and a last number that is not used; int32.
        used: [B] tokens of the region that are attended to; int32.
        most_queries: an upper bound on the queries of one sequence.
        most_tokens: an upper bound on ``used``.
    """

    queries: Tensor
    starts: Tensor
    used: Tensor
    most_queries: int
    most_tokens: int


def ragged_attention(
    query: Tensor, keys: Tensor, values: Tensor, *, own: Spans, prompts: Spans, scaling: float
) -> Tensor:
    """Attention of each row over its prompt and its own tokens.

    Args:
        query: [N, H, D], rows of the same prompt next to each other.
        keys: [S, K, D].
        values: as ``keys``.
        own: one sequence per row.
        prompts: one sequence per prompt.
        scaling: factor on the scores.

    Returns:
        [N, H, D].
    """
    attend = flash_attention if query.is_cuda else defined_attention
    own_output, own_sums = attend(query, keys, values, own, scaling=scaling)
    prompt_output, prompt_sums = attend(query, keys, values, prompts, scaling=scaling)
    weights = torch.sigmoid(prompt_sums - own_sums).transpose(0, 1)[..., None]
    return torch.lerp(own_output, prompt_output, weights.to(query.dtype))


def flash_attention(
    query: Tensor, keys: Tensor, values: Tensor, spans: Spans, *, scaling: float
) -> tuple[Tensor, Tensor]:
    """Attention over regions, and the log-sum-exps of the scores, [H, N].

    ``cum_seq_k`` and ``seqused_k`` give the start and the length of each region, which need not be in order.
    """
    output, sums, *_ = torch.ops.aten._flash_attention_forward(
        query,
        keys,
        values,
        spans.queries,
        spans.starts,
        spans.most_queries,
        spans.most_tokens,
        0.0,
        False,
        False,
        scale=scaling,
        seqused_k=spans.used,
    )
    return output, sums


def defined_attention(
    query: Tensor, keys: Tensor, values: Tensor, spans: Spans, *, scaling: float
) -> tuple[Tensor, Tensor]:
    """The same, one sequence after the other."""
    output = torch.zeros_like(query)
    sums = torch.zeros(query.shape[1], query.shape[0], dtype=torch.float32, device=query.device)
    groups = query.shape[1] // keys.shape[1]
    bounds = spans.queries.tolist()
    for first, end, start, used in zip(bounds, bounds[1:], spans.starts.tolist(), spans.used.tolist(), strict=False):
        if first == end:
            continue
        own_keys, own_values = (
            each[start : start + used].repeat_interleave(groups, dim=1).transpose(0, 1).float()
            for each in (keys, values)
        )
        scores = torch.bmm(query[first:end].transpose(0, 1).float(), own_keys.transpose(1, 2)) * scaling
        sums[:, first:end] = scores.logsumexp(dim=-1)
        output[first:end] = torch.bmm(scores.softmax(dim=-1), own_values).transpose(0, 1).to(query.dtype)
    return output, sums
