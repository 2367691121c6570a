"""The plan of a training run: which examples form each optimizer step and each micro-batch."""

import random
from collections.abc import Sequence
from typing import Literal

from thoughtrank.finetuning.batching.examples import EncodedExample


def epochs_for(count: int, *, epochs: int, min_steps: int, batch_size: int) -> int:
    """Epochs over ``count`` examples: at least ``epochs``, and enough for ``min_steps`` optimizer steps."""
    return max(epochs, -(-min_steps * batch_size // count))


def plan_batches(
    examples: Sequence[EncodedExample],
    *,
    epochs: int,
    batch_size: int,
    micro_batch_size: int,
    seed: int,
    shuffle: Literal["examples", "questions"] = "examples",
) -> list[list[list[int]]]:
    """Assign examples to every optimizer step of the training run in advance.

    Each epoch visits every example once, in its own random order. Steps cross epoch boundaries, so only the last step of
    the run can be smaller. Within a step, examples with the same prompt are adjacent and shorter ones come first, so that
    micro-batches share prompts and need little padding.

    Args:
        examples: the training set.
        epochs: passes over it.
        batch_size: examples per optimizer step.
        micro_batch_size: examples per forward pass.
        seed: of the order.
        shuffle: unit of shuffling: single examples, or all examples with the same prompt together.

    Returns:
        For each optimizer step its micro-batches, each a list of example indices.
    """
    order: list[int] = []
    for epoch in range(epochs):
        epoch_order = list(range(len(examples)))
        random.Random(f"{seed}-{epoch}").shuffle(epoch_order)
        order.extend(_grouped_by_prompt(epoch_order, examples) if shuffle == "questions" else epoch_order)
    steps = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [_micro_batches(step, examples=examples, size=micro_batch_size) for step in steps]


def _grouped_by_prompt(order: list[int], examples: Sequence[EncodedExample]) -> list[int]:
    """Move each example next to the first one with its prompt."""
    first: dict[tuple[int, ...], int] = {}
    for position, index in enumerate(order):
        first.setdefault(examples[index].prompt, position)
    return sorted(order, key=lambda index: first[examples[index].prompt])


def _micro_batches(step: list[int], *, examples: Sequence[EncodedExample], size: int) -> list[list[int]]:
    """Sort one step by length and prompt, and cut it into micro-batches."""
    longest: dict[tuple[int, ...], int] = {}
    for index in step:
        prompt = examples[index].prompt
        longest[prompt] = max(longest.get(prompt, 0), len(examples[index].token_ids))

    def key(index: int) -> tuple[int, tuple[int, ...], int]:
        prompt = examples[index].prompt
        return longest[prompt], prompt, len(examples[index].token_ids)

    ordered = sorted(step, key=key)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
