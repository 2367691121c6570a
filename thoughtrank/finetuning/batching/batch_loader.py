"""The data loader: follows the batch plan, shards each step over ranks, and can start at any step."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from thoughtrank.finetuning.batching.batches import Batch, packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample


class BatchLoader:
    """Yields one rank's micro-batches in the order of the plan.

    All ranks together process the whole step. Every step has equally many micro-batches on every rank, since ranks
    synchronize their gradients and the trainer counts. Missing ones are filled with two tokens of loss weight 0, which
    change no gradient; one device skips them.

    Args:
        examples: the training set.
        plan: from ``plan_batches``; the same on all ranks.
        padding_id: token id after shorter examples in padded batches.
        packing: pack the examples of a micro-batch into one row, a shared prompt once; else one padded row each.
        rank: of this process.
        world_size: number of ranks.
        prefetch: ``prepare_next`` prepares the next micro-batch in a thread. For devices other than the CPU, which computes
            with all cores.
        pin: batches are in pinned memory, for CUDA devices.

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
        prefetch: bool = False,
        pin: bool = False,
    ) -> None:
        self.examples = examples
        self.padding_id = padding_id
        self.packing = packing
        self.prefetch = prefetch
        self.pin = pin
        self.accumulation = -(-max(map(len, plan)) // world_size)
        self._micro_batches: list[tuple[list[int], float]] = []
        for step in plan:
            weighted = self._weighted(step)
            weighted += [(step[0][:1], 0.0)] * (self.accumulation * world_size - len(step))
            self._micro_batches.extend(weighted[rank::world_size])
        self._start = 0
        self._prepare: Callable[[], None] = _nothing

    def __len__(self) -> int:
        return len(self._micro_batches)

    def __iter__(self) -> Iterator[Batch]:
        positions = range(self._start, len(self._micro_batches))
        return self._prepared(positions) if self.prefetch else map(self._batch, positions)

    def prepare_next(self) -> None:
        """Begin to prepare the next micro-batch, if it is to be prefetched: call it while the device has enough to do.

        The thread and the training share Python's interpreter lock, so it must not compete with the start of a step.
        """
        self._prepare()

    def skip_steps(self, count: int) -> None:
        """Start after the first ``count`` optimizer steps, which a checkpoint already contains."""
        self._start = count * self.accumulation

    def _weighted(self, step: list[list[int]]) -> list[tuple[list[int], float]]:
        """Micro-batches of a step with their loss weights: the fraction of the step's target tokens."""
        counts = [sum(self.examples[index].num_targets for index in micro_batch) for micro_batch in step]
        return [(micro_batch, count / sum(counts)) for micro_batch, count in zip(step, counts, strict=True)]

    def _prepared(self, positions: range) -> Iterator[Batch]:
        """The batches in order; one that ``prepare_next`` has not begun is made when it is needed."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as thread:
            following: dict[int, Future[Batch]] = {}
            for position in positions:
                waiting = following.pop(position, None)
                batch = self._batch(position) if waiting is None else waiting.result()

                def prepare(position: int = position + 1) -> None:
                    if position in positions and position not in following:
                        following[position] = thread.submit(self._batch, position)

                self._prepare = prepare
                try:
                    yield batch
                finally:
                    self._prepare = _nothing

    def _batch(self, position: int) -> Batch:
        batch = self._in_main_memory(position)
        return batch.pinned() if self.pin else batch

    def _in_main_memory(self, position: int) -> Batch:
        indices, loss_weight = self._micro_batches[position]
        examples = [self.examples[index] for index in indices]
        if not loss_weight:
            examples = [_first_target(examples[0])]
        if self.packing:
            return packed_batch(examples, loss_weight=loss_weight)
        return padded_batch(examples, loss_weight=loss_weight, padding_id=self.padding_id)


def _first_target(example: EncodedExample) -> EncodedExample:
    """The shortest example with a target."""
    return replace(example, token_ids=example.token_ids[:2], first_target=1)


def _nothing() -> None:
    """Nothing is to be prepared."""
