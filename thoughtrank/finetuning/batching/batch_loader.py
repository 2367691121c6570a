"""The data loader: follows the batch plan, shards each step over ranks, and can start at any step."""

from collections.abc import Iterator, Sequence

from thoughtrank.finetuning.batching.batches import Batch, packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample


class BatchLoader:
    """Yields one rank's micro-batches in the order of the plan.

    All ranks together process the whole step. Gradients are synchronized per micro-batch, so every rank gets equally many
    per step; missing ones are filled with a repeated micro-batch of loss weight 0, which changes no gradient.

    Args:
        examples: the training set.
        plan: from ``plan_batches``; the same on all ranks.
        padding_id: token id after shorter examples in padded batches.
        packing: pack the examples of a micro-batch into one row, a shared prompt once; else one padded row each.
        rank: of this process.
        world_size: number of ranks.

    Attributes:
        accumulation: micro-batches per optimizer step on each rank.
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
        for step in plan:
            weighted = self._weighted(step)
            weighted += [(step[0], 0.0)] * (self.accumulation * world_size - len(step))
            self._micro_batches.extend(weighted[rank::world_size])
        self._start = 0

    def __len__(self) -> int:
        return len(self._micro_batches)

    def __iter__(self) -> Iterator[Batch]:
        for position in range(self._start, len(self._micro_batches)):
            indices, loss_weight = self._micro_batches[position]
            yield self._batch([self.examples[index] for index in indices], loss_weight)

    def skip_steps(self, count: int) -> None:
        """Start after the first ``count`` optimizer steps, which a checkpoint already contains."""
        self._start = count * self.accumulation

    def _weighted(self, step: list[list[int]]) -> list[tuple[list[int], float]]:
        """Micro-batches of a step with their loss weights: the fraction of the step's target tokens."""
        counts = [sum(self.examples[index].num_targets for index in micro_batch) for micro_batch in step]
        return [(micro_batch, count / sum(counts)) for micro_batch, count in zip(step, counts, strict=True)]

    def _batch(self, examples: list[EncodedExample], loss_weight: float) -> Batch:
        if self.packing:
            return packed_batch(examples, loss_weight=loss_weight)
        return padded_batch(examples, loss_weight=loss_weight, padding_id=self.padding_id)
