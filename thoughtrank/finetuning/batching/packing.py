"""Packs examples into one row without padding, with shared prompts stored once.

The row consists of *sequences* (a whole example, or a prompt that several completions share) and *continuations* (a completion
after a shared prompt, which attends to the prompt and to itself, with positions that follow the prompt's). So each shared
prompt is computed once for all its completions, and the loss is the same as for each example by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thoughtrank.finetuning.batching.attention_blocks import AttentionRow, build_layout
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packed_layout import PackedLayout


@dataclass(frozen=True, slots=True)
class PackedRow:
    """Packed examples.

    Attributes:
        token_ids: [T].
        layout: the attention layout.
        predictor_indices: for each example, the token indices whose hidden states predict its targets.
    """

    token_ids: Tensor
    layout: PackedLayout
    predictor_indices: list[list[int]]


def pack(examples: Sequence[EncodedExample]) -> PackedRow:
    """Pack examples into one row; examples with the same prompt share it.

    The last token of an example predicts nothing and is left out.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, example in enumerate(examples):
        groups.setdefault(_prompt(example), []).append(number)
    shared = {prompt: numbers for prompt, numbers in groups.items() if len(numbers) > 1}
    row = _Row()
    prompt_spans = {prompt: row.add(prompt) for prompt in _continued_first(shared, examples)}
    predictor_indices: list[list[int]] = [[] for _ in examples]
    sequences = [AttentionRow.sequence(span) for span in prompt_spans.values()]
    for prompt, [number, *more] in groups.items():
        if not more:
            span = row.add(examples[number].token_ids[:-1])
            predictor_indices[number] = list(span[len(prompt) - 1 :])
            sequences.append(AttentionRow.sequence(span))
    continuations = []
    for prompt, numbers in shared.items():
        spans = [row.add(examples[n].token_ids[len(prompt) : -1], first_position=len(prompt)) for n in numbers]
        for number, span in zip(numbers, spans, strict=True):
            predictor_indices[number] = [prompt_spans[prompt][-1], *span]
        if any(spans):
            continuations.append(AttentionRow.continuations(prompt_spans[prompt], spans))
    layout = build_layout(sequences, continuations, positions=row.positions)
    return PackedRow(token_ids=torch.tensor(row.token_ids), layout=layout, predictor_indices=predictor_indices)


def _prompt(example: EncodedExample) -> tuple[int, ...]:
    """The tokens before the first one with loss, at least one."""
    return example.token_ids[: example.loss_start]


def _continued_first(
    shared: dict[tuple[int, ...], list[int]], examples: Sequence[EncodedExample]
) -> list[tuple[int, ...]]:
    """Shared prompts, those with a continuation in the row first: their slots are the first S of the layout.

    A completion of one token has no continuation, since the last token of an example is left out.
    """

    def has_continuation(prompt: tuple[int, ...]) -> bool:
        return any(len(examples[number].token_ids) > len(prompt) + 1 for number in shared[prompt])

    return sorted(shared, key=lambda prompt: not has_continuation(prompt))


class _Row:
    """The growing row of tokens."""

    def __init__(self) -> None:
        self.token_ids: list[int] = []
        self.positions: list[int] = []

    def add(self, token_ids: Sequence[int], *, first_position: int = 0) -> range:
        """Append tokens, and return their indices in the row."""
        start = len(self.token_ids)
        self.token_ids.extend(token_ids)
        self.positions.extend(range(first_position, first_position + len(token_ids)))
        return range(start, len(self.token_ids))
