"""Examples as token ids, and the order they are trained in."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow.parquet as parquet

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batches import Batch, packed_batch, padded_batch


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """One example as the model reads it.

    Attributes:
        token_ids: prompt and completion, tokenized together as the model would read them.
        first_target: position of the first token of the completion.
        question_id: the question it comes from.
    """

    token_ids: tuple[int, ...]
    first_target: int
    question_id: str = ""

    @property
    def prompt(self) -> tuple[int, ...]:
        """The tokens that carry no loss."""
        return self.token_ids[: self.first_target]

    @property
    def num_targets(self) -> int:
        """Tokens to be predicted; the very first token of a text never is."""
        return len(self.token_ids) - max(1, self.first_target)


def encode_example(*, prompt: str, completion: str, tokenizer: Any, question_id: str = "") -> EncodedExample:
    """Tokenize the whole text at once, so that the completion is split as the model itself would write it.

    A token is a target when any of its text belongs to the completion.
    """
    encoding = tokenizer(prompt + completion, add_special_tokens=False, return_offsets_mapping=True)
    token_ids = tuple(encoding["input_ids"])
    ends = (end for _, end in encoding["offset_mapping"])
    first = next((place for place, end in enumerate(ends) if end > len(prompt)), len(token_ids))
    return EncodedExample(token_ids=token_ids, first_target=first, question_id=question_id)


@dataclass(frozen=True, slots=True)
class Examples:
    """What is trained on.

    Attributes:
        used: in the order of the tables.
        too_long: candidate ids of those that were left out, because they are longer than the model's context.
    """

    used: list[EncodedExample]
    too_long: list[str]


def read_examples(folders: Sequence[str], *, tokenizer: Any, context: int) -> Examples:
    """Every example of the tables in ``folders``, in their order.

    An example longer than ``context`` tokens is left out: cut short, it would teach to stop in the middle.

    Raises:
        UserError: one has nothing to learn, or none is left.
    """
    used, too_long = [], []
    for folder in folders:
        for row in parquet.read_table(folder).to_pylist():
            example = encode_example(
                prompt=row["prompt"],
                completion=row["completion"],
                tokenizer=tokenizer,
                question_id=row["question_id"],
            )
            if not example.num_targets:
                raise UserError(
                    f"example {row['candidate_id']} has no token to learn (its completion is {row['completion'][:40]!r}): "
                    "remove it"
                )
            if len(example.token_ids) > context:
                too_long.append(row["candidate_id"])
            else:
                used.append(example)
    if not used and too_long:
        raise UserError(
            f"training: all {len(too_long)} examples ({too_long[0]}, ...) are longer than the model's context of {context} "
            "tokens: lower the limits of generation, or use a model with a longer context"
        )
    if not used:
        raise UserError("training: the tables of examples are empty, there is nothing to train on")
    return Examples(used=used, too_long=too_long)


def epochs_for(count: int, *, epochs: int, min_steps: int, batch_size: int) -> int:
    """Passes over ``count`` examples: ``epochs``, or as many more as ``min_steps`` optimizer steps take."""
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
    """Decide every optimizer step of the whole training in advance.

    Each epoch visits every example once, in an order of its own; steps run on over the end of an epoch, so that only the
    very last may be smaller. Inside a step, examples with the same prompt stand together, shorter ones first, so that a
    micro-batch shares prompts and carries little padding.

    Args:
        examples: what to train on.
        epochs: passes over them.
        batch_size: examples per optimizer step.
        micro_batch_size: examples per forward pass.
        seed: decides the order.
        shuffle: each example takes a place of its own, or all examples with one prompt take places side by side.

    Returns:
        For each optimizer step its micro-batches, each a list of example indices.
    """
    order: list[int] = []
    for epoch in range(epochs):
        once = list(range(len(examples)))
        generator = random.Random(f"{seed}-{epoch}")
        generator.shuffle(once)
        if shuffle == "questions":
            first: dict[tuple[int, ...], int] = {}
            for place, index in enumerate(once):
                first.setdefault(examples[index].prompt, place)
            once.sort(key=lambda index: first[examples[index].prompt])
        order.extend(once)
    steps = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [_micro_batches(step, examples=examples, size=micro_batch_size) for step in steps]


def _micro_batches(step: list[int], *, examples: Sequence[EncodedExample], size: int) -> list[list[int]]:
    """Cut one step into micro-batches."""
    longest: dict[tuple[int, ...], int] = {}
    for index in step:
        prompt = examples[index].prompt
        longest[prompt] = max(longest.get(prompt, 0), len(examples[index].token_ids))

    def key(index: int) -> tuple[int, tuple[int, ...], int]:
        prompt = examples[index].prompt
        return longest[prompt], prompt, len(examples[index].token_ids)

    ordered = sorted(step, key=key)
    return [ordered[place : place + size] for place in range(0, len(ordered), size)]


class PlannedBatches:
    """A loader that follows a plan, takes one rank's part of each step, and can go on in the middle of it.

    The ranks' parts of a step are together the whole step. Every step has equally many micro-batches on every rank, as
    the ranks work in step; where there are too few, one is repeated with a share of 0, which changes nothing.

    Args:
        examples: what the plan's indices mean.
        plan: from ``plan_batches``; the same on all ranks.
        padding_id: token behind shorter examples, where there is no packing.
        packing: lay the examples of a micro-batch side by side in one row, a shared prompt once; else one row each.
        rank: whose part.
        world_size: number of ranks.
    """

    def __init__(
        self,
        *,
        examples: Sequence[EncodedExample],
        plan: list[list[list[int]]],
        padding_id: int,
        packing: bool = True,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.examples = examples
        self.padding_id = padding_id
        self.packing = packing
        self.accumulation = -(-max(map(len, plan)) // world_size)
        self._micro_batches: list[tuple[list[int], float]] = []
        self._step_starts: list[int] = []
        for step in plan:
            self._step_starts.append(len(self._micro_batches))
            tokens = [sum(examples[index].num_targets for index in micro) for micro in step]
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

    def _batch(self, chosen: list[int], share: float) -> Batch:
        examples = [self.examples[index] for index in chosen]
        texts = [(example.token_ids, max(1, example.first_target)) for example in examples]
        question_ids = tuple(example.question_id for example in examples)
        if self.packing:
            return packed_batch(texts, share=share, question_ids=question_ids)
        return padded_batch(texts, share=share, question_ids=question_ids, padding_id=self.padding_id)
