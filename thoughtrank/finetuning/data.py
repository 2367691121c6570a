"""Examples as token ids, and the order they are trained in.

Shapes: B examples in a micro-batch, T tokens of the longest of them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """One example as the model reads it.

    Attributes:
        token_ids: prompt and completion, tokenized together as the model would read them.
        first_target: position of the first token of the completion.
    """

    token_ids: tuple[int, ...]
    first_target: int


def encode_example(*, prompt: str, completion: str, tokenizer: Any) -> EncodedExample:
    """Tokenize the whole text at once, so that the completion is split as the model itself would write it.

    A token is a target when any of its text belongs to the completion.
    """
    encoding = tokenizer(prompt + completion, add_special_tokens=False, return_offsets_mapping=True)
    first = next(place for place, (_, end) in enumerate(encoding["offset_mapping"]) if end > len(prompt))
    return EncodedExample(token_ids=tuple(encoding["input_ids"]), first_target=first)


def plan_batches(
    examples: Sequence[EncodedExample], *, epochs: int, batch_size: int, micro_batch_size: int, seed: int
) -> list[list[list[int]]]:
    """Decide every optimizer step of the whole training in advance.

    Each epoch visits every example once, in an order of its own; steps run on over the end of an epoch, so that only the
    very last may be smaller. Inside a step examples are sorted by length, so that micro-batches carry little padding.

    Returns:
        For each optimizer step its micro-batches, each a list of example indices.
    """
    order: list[int] = []
    for epoch in range(epochs):
        once = list(range(len(examples)))
        random.Random(f"{seed}-{epoch}").shuffle(once)
        order.extend(once)
    steps = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    for step in steps:
        step.sort(key=lambda index: len(examples[index].token_ids))
    return [
        [step[place : place + micro_batch_size] for place in range(0, len(step), micro_batch_size)] for step in steps
    ]


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch.

    Attributes:
        token_ids: [B, T], padded on the right.
        attention_mask: [B, T], 1 on real tokens.
        targets: [B, T], True where the token is to be predicted.
        share: this micro-batch's share of the target tokens of its optimizer step, over all ranks (the loss of a step is
            their mean).
    """

    token_ids: Tensor
    attention_mask: Tensor
    targets: Tensor
    share: float


class PlannedBatches:
    """A loader that follows a plan, takes one rank's part of each step, and can go on in the middle of it.

    The ranks' parts of a step are together the whole step. Every step has equally many micro-batches on every rank, as
    the ranks work in step; where there are too few, one is repeated with a share of 0, which changes nothing.

    Args:
        examples: what the plan's indices mean.
        plan: from ``plan_batches``; the same on all ranks.
        padding_id: token behind shorter examples.
        rank: whose part.
        world_size: number of ranks.
    """

    def __init__(
        self,
        *,
        examples: Sequence[EncodedExample],
        plan: list[list[list[int]]],
        padding_id: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.examples = examples
        self.padding_id = padding_id
        self.accumulation = -(-max(map(len, plan)) // world_size)
        self._micro_batches: list[tuple[list[int], float]] = []
        self._step_starts: list[int] = []
        for step in plan:
            self._step_starts.append(len(self._micro_batches))
            tokens = [sum(self._num_targets(index) for index in micro) for micro in step]
            dealt = [(micro, count / sum(tokens)) for micro, count in zip(step, tokens, strict=True)]
            dealt += [(step[0], 0.0)] * (self.accumulation * world_size - len(step))
            self._micro_batches.extend(dealt[rank::world_size])
        self._step_starts.append(len(self._micro_batches))
        self._start = 0

    def __len__(self) -> int:
        return len(self._micro_batches)

    def __iter__(self) -> Iterator[Batch]:
        for place in range(self._start, len(self._micro_batches)):
            yield self._batch(*self._micro_batches[place])

    def go_on_behind_step(self, step: int) -> None:
        """Leave out the first ``step`` optimizer steps: a checkpoint has them."""
        self._start = self._step_starts[step]

    def _num_targets(self, index: int) -> int:
        return len(self.examples[index].token_ids) - self.examples[index].first_target

    def _batch(self, chosen: list[int], share: float) -> Batch:
        examples = [self.examples[index] for index in chosen]
        length = max(len(example.token_ids) for example in examples)
        token_ids = torch.full((len(examples), length), self.padding_id)
        attention_mask = torch.zeros_like(token_ids)
        targets = torch.zeros_like(token_ids, dtype=torch.bool)
        for row, example in enumerate(examples):
            size = len(example.token_ids)
            token_ids[row, :size] = torch.tensor(example.token_ids)
            attention_mask[row, :size] = 1
            targets[row, example.first_target : size] = True
        return Batch(token_ids=token_ids, attention_mask=attention_mask, targets=targets, share=share)
