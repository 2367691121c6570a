"""Packs examples into one row without padding; what several of them begin with is stored once.

The row consists of spans of tokens. The first one may be a beginning that all prompts share, such as a system prompt. The
others are whole examples without it, prompts that several completions share, and these completions. A span attends to itself
and to the spans before it in its examples, with positions that follow theirs. So everything shared is computed once, and the
loss is the same as for each example by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from thoughtrank.finetuning.batching.attention_blocks import AttentionRow, build_layout
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packed_layout import PackedLayout

_FEWEST_SHARED = 8
"""Below this, gathering the keys of the beginning for every example costs as much as computing them."""


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
    """Pack examples into one row; examples with the same prompt share it, and all share the beginning of their prompts.

    The last token of an example predicts nothing and is left out.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, example in enumerate(examples):
        groups.setdefault(_prompt(example), []).append(number)
    row = _Row()
    skipped = shared_beginning(examples)
    beginning = row.add(examples[0].token_ids[:skipped])
    rows = [AttentionRow.sequence(beginning)] if skipped else []
    predictor_indices: list[list[int]] = [[] for _ in examples]
    for prompt, numbers in groups.items():
        if len(numbers) == 1:
            [number] = numbers
            span = row.add(examples[number].token_ids[skipped:-1], first_position=skipped)
            predictor_indices[number] = list(span[len(prompt) - skipped - 1 :])
            rows.append(AttentionRow.after(beginning, [span]))
            continue
        prompt_span = row.add(prompt[skipped:], first_position=skipped)
        rows.append(AttentionRow.after(beginning, [prompt_span]))
        spans = [row.add(examples[n].token_ids[len(prompt) : -1], first_position=len(prompt)) for n in numbers]
        for number, span in zip(numbers, spans, strict=True):
            predictor_indices[number] = [prompt_span[-1], *span]
        if any(spans):
            rows.append(AttentionRow.after([*beginning, *prompt_span], spans))
    layout = build_layout(rows, positions=row.positions)
    return PackedRow(token_ids=torch.tensor(row.token_ids), layout=layout, predictor_indices=predictor_indices)


def shared_beginning(examples: Sequence[EncodedExample]) -> int:
    """How many tokens at the beginning of all prompts are stored once; 0 where they are too few, or all prompts are equal."""
    prompts = {_prompt(example) for example in examples}
    if len(prompts) == 1:
        return 0
    # In order, what the first and the last begin with is what all begin with.
    first, last = min(prompts), max(prompts)
    differs = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    # Something is left of every prompt, and something of every example that can attend to the beginning.
    most = min(min(len(_prompt(example)) - 1, len(example.token_ids) - 2) for example in examples)
    shared = min(next(differs, len(first)), most)
    return shared if shared >= _FEWEST_SHARED else 0


def _prompt(example: EncodedExample) -> tuple[int, ...]:
    """The tokens before the first one with loss, at least one."""
    return example.token_ids[: example.loss_start]


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
