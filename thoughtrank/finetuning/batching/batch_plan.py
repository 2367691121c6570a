"""The plan of a training run: which examples form each optimizer step and each micro-batch."""

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import shared_beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatchLimits:
    """What one forward pass may hold.

    Attributes:
        examples: most examples.
        tokens: most tokens that the model computes; a longer example is a micro-batch by itself. None for no limit.
        packing: examples are packed, a shared prompt once; else each is padded to the longest.
        ranks: that divide the micro-batches of a step; matters only with a limit of tokens.
    """

    examples: int
    tokens: int | None = None
    packing: bool = True
    ranks: int = 1


def epochs_for(count: int, *, epochs: int, min_steps: int, batch_size: int) -> int:
    """Epochs over ``count`` examples: at least ``epochs``, and enough for ``min_steps`` optimizer steps."""
    return max(epochs, -(-min_steps * batch_size // count))


def plan_batches(
    examples: Sequence[EncodedExample],
    *,
    epochs: int,
    batch_size: int,
    limits: MicroBatchLimits,
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
        limits: of a micro-batch.
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
    return [_micro_batches(step, examples=examples, limits=limits) for step in steps]


def _grouped_by_prompt(order: list[int], examples: Sequence[EncodedExample]) -> list[int]:
    """Move each example next to the first one with its prompt."""
    first: dict[tuple[int, ...], int] = {}
    for position, index in enumerate(order):
        first.setdefault(examples[index].prompt, position)
    return sorted(order, key=lambda index: first[examples[index].prompt])


def _micro_batches(step: list[int], *, examples: Sequence[EncodedExample], limits: MicroBatchLimits) -> list[list[int]]:
    """Sort one step by length and prompt, and cut it into micro-batches."""
    longest: dict[tuple[int, ...], int] = {}
    for index in step:
        prompt = examples[index].prompt
        longest[prompt] = max(longest.get(prompt, 0), len(examples[index].token_ids))

    def key(index: int) -> tuple[int, tuple[int, ...], int]:
        prompt = examples[index].prompt
        return longest[prompt], prompt, len(examples[index].token_ids)

    ordered = sorted(step, key=key)
    if limits.tokens is None:
        return [ordered[start : start + limits.examples] for start in range(0, len(ordered), limits.examples)]
    costs = _token_costs([examples[index] for index in ordered], packing=limits.packing)
    return [ordered[part.start : part.stop] for part in _even_parts(costs, limits=limits, tokens=limits.tokens)]


@dataclass(frozen=True, slots=True)
class _TokenCosts:
    """Tokens of consecutive examples in one forward pass.

    Attributes:
        alone: of each example as the first of a micro-batch.
        after: of each example after the one before it.
        packing: the tokens of a micro-batch are the sum; else its examples times the longest.
    """

    alone: list[int]
    after: list[int]
    packing: bool

    def parts(self, *, tokens: int, examples: int) -> list[range]:
        """Consecutive parts, each as long as it may be; an example of more than ``tokens`` tokens is one by itself."""
        parts: list[range] = []
        start, total, longest = 0, self.alone[0], self.alone[0]
        for index in range(1, len(self.alone)):
            longest = max(longest, self.alone[index])
            total = total + self.after[index] if self.packing else (index + 1 - start) * longest
            if total > tokens or index - start >= examples:
                parts.append(range(start, index))
                start, total, longest = index, self.alone[index], self.alone[index]
        return [*parts, range(start, len(self.alone))]


def _token_costs(examples: Sequence[EncodedExample], *, packing: bool) -> _TokenCosts:
    """See ``packing.pack`` and ``batches.padded_batch``: a packed example lacks its last token, and a prompt is shared.

    Some of the examples may share a longer beginning than all do, so that these are the most tokens that they can have.
    """
    if not packing:
        lengths = [len(example.token_ids) for example in examples]
        return _TokenCosts(alone=lengths, after=lengths, packing=False)
    prompts = [example.token_ids[: example.loss_start] for example in examples]
    alone = [len(example.token_ids) - 1 for example in examples]
    shared = [False, *(before == prompt for before, prompt in pairwise(prompts))]
    beginning = shared_beginning(examples)
    after = [
        cost - (len(prompt) if same else beginning) for cost, prompt, same in zip(alone, prompts, shared, strict=True)
    ]
    return _TokenCosts(alone=alone, after=after, packing=True)


def _even_parts(costs: _TokenCosts, *, limits: MicroBatchLimits, tokens: int) -> list[range]:
    """As few parts as the limits allow, rounded up to a multiple of the ranks, with the longest as short as possible."""

    def parts(most: int) -> list[range]:
        return costs.parts(tokens=most, examples=limits.examples)

    fewest = -(-len(parts(tokens)) // limits.ranks) * limits.ranks
    smallest = bisect_left(range(tokens), True, key=lambda most: len(parts(most)) <= fewest)
    return parts(smallest)
