"""One training run, from the frozen job to a complete model folder."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytorch_lightning as pl
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.finetuning.checkpoint import StepLog, TimedCheckpoint
from thoughtrank.finetuning.data import EncodedExample, PlannedBatches, encode_example, plan_batches
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.parts import make_part
from thoughtrank.quiet import quiet_libraries

CHECKPOINT = "_checkpoint.ckpt"
METRICS = "_metrics.jsonl"
FACTS = "_training.json"


def read_examples(folders: Sequence[str], *, tokenizer: Any) -> list[EncodedExample]:
    """Every example of the tables in ``folders``, in their order."""
    encoded = []
    for folder in folders:
        for row in parquet.read_table(folder).to_pylist():
            encoded.append(encode_example(prompt=row["prompt"], completion=row["completion"], tokenizer=tokenizer))
    return encoded


def run_training(job: TrainingJob) -> None:
    """Train and write the model folder ``job.output``; go on from the checkpoint in ``job.work`` if there is one."""
    quiet_libraries()
    pl.seed_everything(job.seed, verbose=False)
    started = time.monotonic()
    work, output = Path(job.work), Path(job.output)
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    # Float32 master weights: bf16 weights would lose small updates to rounding. The folder is saved as bf16.
    model = AutoModelForCausalLM.from_pretrained(job.model, dtype=torch.float32)
    model.config.use_cache = False
    model.train()
    examples = read_examples(job.examples, tokenizer=tokenizer)
    plan = plan_batches(
        examples,
        epochs=job.epochs,
        batch_size=job.batch_size,
        micro_batch_size=job.micro_batch_size,
        seed=job.seed,
    )
    accumulation = -(-job.batch_size // job.micro_batch_size)
    strategy = make_part(job.strategy, where="strategy")
    module = FineTuningModule(
        model=model,
        objective=make_part(job.objective, where="objective"),
        optimizer=make_part(job.optimizer, where="optimizer"),
        accumulation=accumulation,
    )
    loader = PlannedBatches(examples=examples, plan=plan, padding_id=tokenizer.pad_token_id or 0)
    callbacks: list[pl.Callback] = [StepLog(path=work / METRICS, every=job.log_every, description=job.description)]
    if job.checkpoint_minutes:
        callbacks.append(TimedCheckpoint(path=work / CHECKPOINT, minutes=job.checkpoint_minutes))
    trainer = pl.Trainer(
        **strategy.trainer_arguments(),
        max_epochs=1,
        precision=_precision(job.precision),
        accumulate_grad_batches=accumulation,
        gradient_clip_val=job.max_gradient_norm,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=work,
    )
    checkpoint = work / CHECKPOINT
    if checkpoint.exists():
        step = torch.load(checkpoint, map_location="cpu", weights_only=False, mmap=True)["global_step"]
        loader.go_on_behind_step(step)
    trainer.fit(module, loader, ckpt_path=checkpoint if checkpoint.exists() else None, weights_only=False)
    if trainer.is_global_zero:
        _save(model, tokenizer, output=output)
        _write_facts(work / FACTS, job=job, examples=examples, steps=trainer.global_step, started=started)
        checkpoint.unlink(missing_ok=True)


def _precision(wanted: Any) -> Any:
    """What ``auto`` means on this machine: bf16 arithmetic only where the hardware is faster at it."""
    if wanted != "auto":
        return wanted
    fast = torch.cuda.is_available() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if fast else "32-true"


def _save(model: Any, tokenizer: Any, *, output: Path) -> None:
    """Write the bf16 model; the parent process marks the folder complete."""
    model.config.use_cache = True
    model.to(torch.bfloat16).save_pretrained(output)
    tokenizer.save_pretrained(output)


def _write_facts(path: Path, *, job: TrainingJob, examples: list[EncodedExample], steps: int, started: float) -> None:
    targets = sum(len(example.token_ids) - example.first_target for example in examples)
    facts = {
        "examples": len(examples),
        "tokens_per_epoch": sum(len(example.token_ids) for example in examples),
        "target_tokens_per_epoch": targets,
        "epochs": job.epochs,
        "steps": steps,
        "effective_batch_size": job.batch_size,
        "weights_dtype": "float32",
        "precision": _precision(job.precision),
        "saved_dtype": "bfloat16",
        "world_size": int(os.environ.get("WORLD_SIZE", "1")),
        "strategy": job.strategy["_target_"].rpartition(".")[2],
        "seconds": round(time.monotonic() - started, 1),
    }
    path.write_text(json.dumps(facts, indent=2) + "\n")
