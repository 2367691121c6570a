"""Attention over a prompt that many branches share, and the cache behind it.

The keys and values of a prompt are stored once per question and read once per step for all of its branches; each branch
keeps only the keys and values of its own suffix. One softmax runs over both parts, joined by their log-sum-exp (Hydragen,
arXiv 2402.05099; bifurcated attention, arXiv 2403.08845).

Shapes: Q questions in the group, N branches alive, B most branches alive of one question, H query heads, K key-value
heads, G = H / K, D head size, P longest prompt, T suffix capacity, t suffix length. All branches of a group begin
together and every branch takes one token per step, so t is one number.
"""

from typing import cast

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

ATTENTION = "thoughtrank_shared_prefix"
_FIRST_CAPACITY = 64


class SharedPrefixCache:
    """Keys and values of the prompts (once each) and of the branches' suffixes, for all layers."""

    def __init__(self, *, num_questions: int) -> None:
        self.num_questions = num_questions
        self.prefilling: list[tuple[int, int]] = []  # (question, prompt length) of the rows of a prefill
        self._prompts: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(num_questions)]
        self.prompt_keys: list[Tensor] = []  # per layer [Q, K, P, D]
        self.prompt_values: list[Tensor] = []
        self.prompt_padding: Tensor | None = None  # [Q, 1, 1, P], -inf behind a shorter prompt
        self.suffix_keys: list[Tensor] = []  # per layer [rows, K, T, D]
        self.suffix_values: list[Tensor] = []
        self.length = 0
        self.slots = torch.empty(0, dtype=torch.long)  # [N] where a branch sits in [Q * B]
        self.rows = torch.empty(0, dtype=torch.long)  # [Q * B] which branch sits there (0 where none does)
        self.branches_per_question = 0

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Part of the interface of a transformers cache; positions are always passed explicitly."""
        return self.length

    def start_decoding(self, *, question_of_branch: Tensor) -> None:
        """Lay the prefilled prompts side by side and make room for the branches' suffixes."""
        lengths = [prompt[0][0].shape[1] for prompt in self._prompts]
        longest = max(lengths)
        for layer in range(len(self._prompts[0])):
            keys, values = zip(*(prompt[layer] for prompt in self._prompts), strict=True)
            self.prompt_keys.append(_pad_and_stack(keys, longest))
            self.prompt_values.append(_pad_and_stack(values, longest))
        self._prompts = []
        if min(lengths) < longest:
            device = self.prompt_keys[0].device
            position = torch.arange(longest, device=device)
            behind = position[None, :] >= torch.tensor(lengths, device=device)[:, None]
            padding = torch.zeros(behind.shape, dtype=torch.float32, device=device)
            self.prompt_padding = padding.masked_fill(behind, float("-inf"))[:, None, None, :]
        first = self.prompt_keys[0]
        shape = (len(question_of_branch), first.shape[1], _FIRST_CAPACITY, first.shape[3])
        self.suffix_keys = [first.new_empty(shape) for _ in self.prompt_keys]
        self.suffix_values = [first.new_empty(shape) for _ in self.prompt_keys]
        self.assign(question_of_branch=question_of_branch)

    def assign(self, *, question_of_branch: Tensor) -> None:
        """Say which question each living branch belongs to; ``question_of_branch`` is [N]."""
        counts = torch.bincount(question_of_branch, minlength=self.num_questions)
        self.branches_per_question = int(counts.max())
        order = torch.argsort(question_of_branch, stable=True)
        starts = torch.cumsum(counts, 0) - counts
        place = torch.empty_like(order)
        place[order] = torch.arange(len(order)) - starts[question_of_branch[order]]
        slots = question_of_branch * self.branches_per_question + place
        rows = torch.zeros(self.num_questions * self.branches_per_question, dtype=torch.long)
        rows[slots] = torch.arange(len(slots))
        device = self.prompt_keys[0].device
        self.slots, self.rows = slots.to(device), rows.to(device)

    def move(self, *, sources: Tensor, targets: Tensor) -> None:
        """Copy the suffixes of the branches ``sources`` over those of the finished branches ``targets``."""
        for buffer in (*self.suffix_keys, *self.suffix_values):
            buffer[targets, :, : self.length] = buffer[sources, :, : self.length]

    def grow(self, *, num_branches: int) -> None:
        """Make room for one more token, dropping the rows behind the living branches when buffers are renewed."""
        if self.length < self.suffix_keys[0].shape[2]:
            return
        for buffers in (self.suffix_keys, self.suffix_values):
            for layer, old in enumerate(buffers):
                shape = (num_branches, old.shape[1], old.shape[2] * 3 // 2, old.shape[3])
                buffers[layer] = old.new_empty(shape)
                buffers[layer][:, :, : self.length] = old[:num_branches]

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[Tensor, Tensor]:
        """Store new keys and values; return those of the suffixes so far, [N, K, t, D]."""
        if self.prefilling:
            for row, (question, length) in enumerate(self.prefilling):
                self._prompts[question].append((keys[row, :, :length], values[row, :, :length]))
            return keys, values
        number, end = len(keys), self.length + 1
        self.suffix_keys[layer_idx][:number, :, self.length] = keys[:, :, 0]
        self.suffix_values[layer_idx][:number, :, self.length] = values[:, :, 0]
        return self.suffix_keys[layer_idx][:number, :, :end], self.suffix_values[layer_idx][:number, :, :end]


def _pad_and_stack(tensors: tuple[Tensor, ...], length: int) -> Tensor:
    """Stack [K, p, D] tensors to [Q, K, length, D], zeros behind the shorter ones."""
    stacked = tensors[0].new_zeros(len(tensors), tensors[0].shape[0], length, tensors[0].shape[2])
    for row, tensor in zip(stacked, tensors, strict=True):
        row[:, : tensor.shape[1]] = tensor
    return stacked


def _partial_attention(query: Tensor, keys: Tensor, values: Tensor, padding: Tensor | None) -> tuple[Tensor, Tensor]:
    """Attention over one part of the keys.

    Args:
        query: [..., R, D], already scaled.
        keys: [..., S, D].
        values: [..., S, D].
        padding: added to the scores, or None.

    Returns:
        The part's own softmax output [..., R, D] and the log-sum-exp of its scores [..., R], both float32.
    """
    scores = torch.matmul(query, keys.transpose(-1, -2)).float()
    if padding is not None:
        scores = scores + padding
    total = torch.logsumexp(scores, dim=-1)
    weights = torch.exp(scores - total.unsqueeze(-1)).to(values.dtype)
    return torch.matmul(weights, values).float(), total


def shared_prefix_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    shared_prefix: SharedPrefixCache,
    **unused: object,
) -> tuple[Tensor, None]:
    """The attention function registered with transformers.

    Args:
        module: the attention layer.
        query: [N, H, 1, D] in decoding, [questions, H, p, D] in prefill.
        key: [N, K, t, D], or [questions, K, p, D] in prefill.
        value: as ``key``.
        attention_mask: always None; transformers builds no mask for an attention it does not know.
        scaling: factor on the scores.
        shared_prefix: the cache, passed through the model's keyword arguments.
        unused: what else transformers passes to every attention function.

    Returns:
        [N, 1, H, D] (in prefill [questions, p, H, D]), and None for the weights.
    """
    if shared_prefix.prefilling:
        output = nn.functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scaling, enable_gqa=True
        )
        return output.transpose(1, 2), None
    number, heads, _, size = query.shape
    layer = cast(int, module.layer_idx)
    groups = heads // key.shape[1]
    grouped = (query * scaling).view(number, key.shape[1], groups, size)
    own, own_total = _partial_attention(grouped, key, value, None)
    prompt, prompt_total = _prompt_attention(grouped, layer, shared_prefix)
    total = torch.logaddexp(own_total, prompt_total)
    output = own * torch.exp(own_total - total).unsqueeze(-1) + prompt * torch.exp(prompt_total - total).unsqueeze(-1)
    return output.to(query.dtype).view(number, 1, heads, size), None


def _prompt_attention(grouped: Tensor, layer: int, cache: SharedPrefixCache) -> tuple[Tensor, Tensor]:
    """Attend from the branches [N, K, G, D] to their question's prompt, all branches of a question in one product."""
    _, kv_heads, groups, size = grouped.shape
    num_questions, width = cache.num_questions, cache.branches_per_question
    by_question = grouped.index_select(0, cache.rows).view(num_questions, width, kv_heads, groups, size)
    queries = by_question.transpose(1, 2).reshape(num_questions, kv_heads, width * groups, size)
    output, total = _partial_attention(
        queries, cache.prompt_keys[layer], cache.prompt_values[layer], cache.prompt_padding
    )
    output = output.view(num_questions, kv_heads, width, groups, size).transpose(1, 2).flatten(0, 1)
    total = total.view(num_questions, kv_heads, width, groups).transpose(1, 2).flatten(0, 1)
    return output.index_select(0, cache.slots), total.index_select(0, cache.slots)


AttentionInterface.register(ATTENTION, shared_prefix_attention)
