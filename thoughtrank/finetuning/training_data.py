"""The examples of a job, and this rank's batches of them."""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.batching.batch_plan import MicroBatchLimits, epochs_for, plan_batches
from thoughtrank.finetuning.batching.examples import Examples, read_examples
from thoughtrank.finetuning.batching.question_weights import equal_question_weights
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.protocols import Objective
from thoughtrank.instantiate import make_component
from thoughtrank.models.model_config import read_sizes
from thoughtrank.output.terminal import print_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a rank trains on.

    Attributes:
        examples: of all ranks, tokenized.
        epochs: passes over them.
        loader: this rank's micro-batches of all epochs.
        epoch_ends: optimizer steps that complete an epoch, and the last step.
        development: the micro-batches of the development examples, the same for every rank; None where there are none.
    """

    examples: Examples
    epochs: int
    loader: BatchLoader
    epoch_ends: frozenset[int]
    development: BatchLoader | None = None


def load_training_data(
    job: TrainingJob, *, tokenizer: "PreTrainedTokenizerBase", rank: int, world_size: int, for_cuda: bool = False
) -> TrainingData:
    """Read and tokenize the examples of ``job``, and plan its batches. Rank 0 prints which examples are left out.

    Args:
        job: the training.
        tokenizer: of the model.
        rank: of this process.
        world_size: number of ranks.
        for_cuda: a CUDA device trains: batches are prefetched into pinned memory.

    Raises:
        UserError: there is nothing to train on.
    """
    context = read_sizes(Path(job.model)).context or sys.maxsize  # some families have none
    objective: Objective = make_component(job.objective, where="objective")
    examples = read_examples(
        job.examples,
        tokenizer=tokenizer,
        context=context,
        learns_answer=partial(objective.learns_answer, seed=job.seed),
    )
    if examples.too_long and rank == 0:
        print_text(f"left out, longer than the context of {context} tokens: {', '.join(examples.too_long)}")
    if objective.question_weights == "equal":
        examples.used.set_weights(equal_question_weights(examples.used))
    epochs, min_steps = (job.epochs, job.min_steps) if job.steps is None else (1, job.steps)
    epochs = epochs_for(len(examples.used), epochs=epochs, min_steps=min_steps, batch_size=job.batch_size)
    plan = plan_batches(
        examples.used,
        epochs=epochs,
        batch_size=job.batch_size,
        limits=MicroBatchLimits(
            examples=min(job.micro_batch_size, -(-job.batch_size // world_size)),
            tokens=job.micro_batch_tokens,
            packing=job.packing,
            ranks=world_size,
        ),
        seed=job.seed,
        shuffle=job.shuffle,
    )[: job.steps]
    loader = BatchLoader(
        examples=examples.used,
        plan=plan,
        padding_id=tokenizer.pad_token_id or 0,
        packing=job.packing,
        rank=rank,
        world_size=world_size,
        prefetch=for_cuda,
        pin=for_cuda,
    )
    ends = [-(-epoch * len(examples.used) // job.batch_size) for epoch in range(1, epochs + 1)]
    return TrainingData(
        examples=examples,
        epochs=epochs,
        loader=loader,
        epoch_ends=frozenset(min(end, len(plan)) for end in ends),
        development=_development(job, tokenizer=tokenizer, context=context),
    )


def _development(job: TrainingJob, *, tokenizer: "PreTrainedTokenizerBase", context: int) -> BatchLoader | None:
    if job.development is None:
        return None
    used = read_examples([job.development], tokenizer=tokenizer, context=context).used
    limits = MicroBatchLimits(examples=job.micro_batch_size, tokens=job.micro_batch_tokens, packing=job.packing)
    plan = plan_batches(used, epochs=1, batch_size=len(used), limits=limits, seed=0, shuffle="examples")
    return BatchLoader(examples=used, plan=plan, padding_id=tokenizer.pad_token_id or 0, packing=job.packing)
