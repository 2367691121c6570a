"""One training run, from the frozen job to a complete model folder."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import SingleDeviceStrategy
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel

from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.batching.batch_plan import epochs_for, plan_batches
from thoughtrank.finetuning.batching.examples import Examples, read_examples
from thoughtrank.finetuning.callbacks.checkpoint import Checkpoints, TimedCheckpoint
from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.callbacks.step_log import StepLog
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.kernels.malloc_tuning import BoundHeap, keep_memory
from thoughtrank.finetuning.model_folder import full_disk_told, load_model, save_model
from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.finetuning.prepare_model import prepare_model
from thoughtrank.instantiate import make_component
from thoughtrank.library_logging import quiet_libraries
from thoughtrank.models.hardware import multiplies_bf16

METRICS = "_metrics.jsonl"
FACTS = "_training.json"


def run_training(job: TrainingJob, *, strategy: Any) -> None:
    """Train and write the model folder ``job.output``; go on from the checkpoint in ``job.work`` if there is one.

    Every rank calls this; rank 0 writes.

    Args:
        job: what to do.
        strategy: the part that ``job.strategy`` describes.

    Raises:
        UserError: nothing to train on, or a checkpoint that this job cannot go on from.
    """
    quiet_libraries()
    keep_memory()
    pl.seed_everything(job.seed, verbose=False)
    started = time.monotonic()
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    examples = _read(job, tokenizer)
    loader = _loader(job, examples, padding_id=tokenizer.pad_token_id or 0, world_size=world_size)
    optimizer = make_component(job.optimizer, where="optimizer")
    adapter = make_component(job.adapter, where="adapter")
    module = FineTuningModule(
        load=lambda trainer: _load(job, adapter=adapter, trainer=trainer),
        objective=make_component(job.objective, where="objective"),
        optimizer=optimizer,
        weights=job.weights,
        accumulation=loader.accumulation,
    )
    checkpoints = Checkpoints(Path(job.work), job=job, world_size=world_size)
    memory = MemoryReport(optimizer=optimizer, strategy=strategy, weights=job.weights, description=job.description)
    trainer = _trainer(job, strategy=strategy, accumulation=loader.accumulation, memory=memory, checkpoints=checkpoints)
    found = checkpoints.find()
    if found is not None:
        loader.skip_steps(found.step)
    trainer.fit(module, loader, ckpt_path=found.state if found else None, weights_only=False)
    output = Path(job.output)
    with full_disk_told(output):
        adapter.merge(module.model)
        save_model(module.model, tokenizer, output=output, trainer=trainer)
        if trainer.is_global_zero:
            path = Path(job.work) / FACTS
            _write_facts(path, job=job, memory=memory, examples=examples, trainer=trainer, started=started)
            checkpoints.delete()


def _read(job: TrainingJob, tokenizer: Any) -> Examples:
    """The examples; rank 0 names those that are left out."""
    context = AutoConfig.from_pretrained(job.model).max_position_embeddings
    examples = read_examples(job.examples, tokenizer=tokenizer, context=context)
    if examples.too_long and _rank() == 0:
        print(f"left out, longer than the context of {context} tokens: {', '.join(examples.too_long)}", flush=True)
    return examples


def _epochs(job: TrainingJob, examples: Examples) -> int:
    """Passes over the examples."""
    return epochs_for(len(examples.used), epochs=job.epochs, min_steps=job.min_steps, batch_size=job.batch_size)


def _loader(job: TrainingJob, examples: Examples, *, padding_id: int, world_size: int) -> BatchLoader:
    """This rank's part of all batches."""
    plan = plan_batches(
        examples.used,
        epochs=_epochs(job, examples),
        batch_size=job.batch_size,
        micro_batch_size=min(job.micro_batch_size, -(-job.batch_size // world_size)),
        seed=job.seed,
        shuffle=job.shuffle,
    )
    return BatchLoader(
        examples=examples.used,
        plan=plan,
        padding_id=padding_id,
        packing=job.packing,
        rank=_rank(),
        world_size=world_size,
    )


def _load(job: TrainingJob, *, adapter: Any, trainer: pl.Trainer) -> PreTrainedModel:
    """The model as it is trained."""
    model = load_model(job.model, weights=job.weights, frozen=adapter.name != "none", trainer=trainer)
    adapter.attach(model, weights=job.weights)
    prepare_model(
        model,
        packing=job.packing,
        gradient_checkpointing=job.gradient_checkpointing,
        compile_layers=job.compile,
        alone=isinstance(trainer.strategy, SingleDeviceStrategy),
    )
    return model


def _trainer(
    job: TrainingJob, *, strategy: Any, accumulation: int, memory: MemoryReport, checkpoints: Checkpoints
) -> pl.Trainer:
    """Lightning's trainer; only what is written here is logged, saved and shown."""
    step_log = StepLog(path=Path(job.work) / METRICS, every=job.log_every, description=job.description)
    callbacks: list[pl.Callback] = [memory, step_log]
    if not job.compile:  # a look at memory behind each layer would break the layers' graphs
        callbacks.append(BoundHeap())
    if job.checkpoint_minutes:
        callbacks.append(TimedCheckpoint(checkpoints=checkpoints, minutes=job.checkpoint_minutes))
    return pl.Trainer(
        **strategy.trainer_arguments(),
        max_epochs=1,
        precision=_precision(job, strategy),
        accumulate_grad_batches=accumulation,
        gradient_clip_val=job.max_gradient_norm,
        callbacks=callbacks,
        logger=False,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=job.work,
    )


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _precision(job: TrainingJob, strategy: Any) -> Any:
    """Lightning's name of what the job wants; ``auto`` is bf16 arithmetic only where the hardware is faster at it."""
    if hasattr(strategy, "precision"):
        return strategy.precision(job.precision)
    if job.precision != "auto":
        return job.precision
    if job.weights != "fp32_master":
        # Bf16 weights compute in what they are. Lightning's "bf16-true" would also round the rotary frequencies.
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_available() or multiplies_bf16() else "32-true"


def _write_facts(
    path: Path,
    *,
    job: TrainingJob,
    memory: MemoryReport,
    examples: Examples,
    trainer: pl.Trainer,
    started: float,
) -> None:
    facts = {
        "examples": len(examples.used),
        "examples_too_long": examples.too_long,
        "tokens_per_epoch": sum(len(example.token_ids) for example in examples.used),
        "target_tokens_per_epoch": sum(example.num_targets for example in examples.used),
        "epochs": _epochs(job, examples),
        "steps": trainer.global_step,
        "effective_batch_size": job.batch_size,
        "adapter": job.adapter["_target_"].rpartition(".")[2],
        **memory.facts(),
        "precision": "bf16-true"
        if trainer.precision == "32-true" and job.weights != "fp32_master"
        else trainer.precision,
        "saved_dtype": "bfloat16",
        "world_size": trainer.world_size,
        "num_nodes": trainer.num_nodes,
        "strategy": job.strategy["_target_"].rpartition(".")[2],
        "strategy_of_lightning": type(trainer.strategy).__name__,
        "seconds": round(time.monotonic() - started, 1),
    }
    path.write_text(json.dumps(facts, indent=2) + "\n")
