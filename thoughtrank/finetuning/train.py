"""One training run, from the frozen job to a complete model folder."""

import os
import pickle
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytorch_lightning as pl
from lightning_fabric.plugins.environments import LightningEnvironment
from pytorch_lightning.strategies import SingleDeviceStrategy
from pytorch_lightning.utilities.exceptions import SIGTERMException
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.callbacks.best_weights import BestWeights
from thoughtrank.finetuning.callbacks.checkpoint import Checkpoints, TimedCheckpoint
from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.callbacks.step_log import StepLog
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.kernels.heap_trimming import TrimHeap
from thoughtrank.finetuning.model_folder import freeze_other_parts, load_model, save_model
from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.finetuning.parameter_memory import has_optimizer_masters
from thoughtrank.finetuning.prepare_model import prepare_model
from thoughtrank.finetuning.protocols import Adapter, Optimizer, Strategy
from thoughtrank.finetuning.training_data import TrainingData, load_training_data
from thoughtrank.finetuning.training_facts import write_facts
from thoughtrank.instantiate import make_component
from thoughtrank.output.library_logging import silence_library_logs
from thoughtrank.process.malloc import tune_malloc
from thoughtrank.process.openmp import adapt_to_load

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.distributed.training_engine import TrainingEngine

METRICS_FILE = "_metrics.jsonl"


def run_training(job: TrainingJob, *, strategy: Strategy) -> None:
    """Train and write the model folder ``job.output``; resume from the checkpoint in ``job.work`` if there is one.

    Every rank calls this; rank 0 writes.

    Args:
        job: what to do.
        strategy: the component that ``job.strategy`` describes.

    Raises:
        UserError: nothing to train on, or a checkpoint that this job cannot resume from.
    """
    silence_library_logs()
    tune_malloc()
    adapt_to_load()
    pl.seed_everything(job.seed, verbose=False)
    started = time.monotonic()
    rank, world_size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    data = load_training_data(
        job, tokenizer=tokenizer, rank=rank, world_size=world_size, for_cuda=strategy.device_kind() == "cuda"
    )
    adapter: Adapter = make_component(job.adapter, where="adapter")
    module = _module(job, adapter=adapter, strategy=strategy, loader=data.loader)
    checkpoints = Checkpoints(Path(job.work), job=job, strategy=strategy, world_size=world_size)
    memory = MemoryReport(
        optimizer=module.optimizer,
        strategy=strategy,
        weights=job.weights,
        description=job.description,
        masters=module.masters,
        sums_in_float32=module.sums_in_float32,
    )
    best = _best_weights(data, strategy=strategy)
    callbacks = [memory, _step_log(job), *best, *_callbacks(job, checkpoints, strategy=strategy)]
    trainer = _trainer(job, strategy=strategy, accumulation=module.accumulation, callbacks=callbacks)
    found = checkpoints.find()
    if found is not None:
        data.loader.skip_steps(found.step)
    try:
        trainer.fit(module, data.loader, ckpt_path=found.state if found else None, weights_only=True)
    except SIGTERMException:
        # Lightning leaves with status 0, that of a finished training.
        sys.exit(128 + signal.SIGTERM)
    except pickle.UnpicklingError:
        raise UserError(
            f"the checkpoint {found and found.state.parent} is damaged, or contains code: delete {checkpoints.folder} to "
            "restart this round's training"
        ) from None
    for each in best:
        each.restore(module)
    adapter.merge(module.causal_lm)
    save_model(module.causal_lm, tokenizer, output=Path(job.output), engine=module.engine)
    if trainer.is_global_zero:
        write_facts(job, data=data, memory=memory, best=best, trainer=trainer, seconds=time.monotonic() - started)
        checkpoints.delete()


def _module(job: TrainingJob, *, adapter: Adapter, strategy: Strategy, loader: BatchLoader) -> FineTuningModule:
    optimizer: Optimizer = make_component(job.optimizer, where="optimizer")
    masters = not adapter.freezes_model and has_optimizer_masters(
        weights=job.weights, precision=job.precision, optimizer=optimizer, strategy=strategy
    )
    return FineTuningModule(
        load=partial(_load, job, adapter, masters),
        objective=make_component(job.objective, where="objective"),
        optimizer=optimizer,
        strategy=strategy,
        weights=job.weights,
        accumulation=loader.accumulation,
        masters=masters,
        after_backward=loader.prepare_next,
    )


def _load(job: TrainingJob, adapter: Adapter, masters: bool, engine: "TrainingEngine") -> "PreTrainedModel":
    """The model as it is trained."""
    model = load_model(job.model, weights=job.weights, frozen=adapter.freezes_model, engine=engine, masters=masters)
    adapter.attach(model, weights=job.weights)
    freeze_other_parts(model)
    lightning_strategy = engine.trainer.strategy
    prepare_model(
        model,
        device=lightning_strategy.root_device,
        packing=job.packing,
        gradient_checkpointing=job.gradient_checkpointing,
        compile_layers=job.compile,
        # With masters, hooks take the gradients of micro-batches.
        single_device=isinstance(lightning_strategy, SingleDeviceStrategy) and not masters,
    )
    return model


def _best_weights(data: TrainingData, *, strategy: Strategy) -> list[BestWeights]:
    """Early stopping, where there are development examples and every rank holds whole parameters; else nothing."""
    if data.development is None or not strategy.whole_parameters:
        return []
    return [BestWeights(batches=data.development, epoch_ends=data.epoch_ends)]


def _step_log(job: TrainingJob) -> StepLog:
    return StepLog(path=Path(job.work) / METRICS_FILE, every=job.log_every, description=job.description)


def _callbacks(job: TrainingJob, checkpoints: Checkpoints, *, strategy: Strategy) -> list[pl.Callback]:
    callbacks: list[pl.Callback] = []
    # Checking memory after each layer would break the graphs of compiled layers, and delay other devices, whose tensors are
    # not on the heap.
    if not job.compile and strategy.device_kind() == "cpu":
        callbacks.append(TrimHeap())
    if job.checkpoint_minutes:
        callbacks.append(TimedCheckpoint(checkpoints=checkpoints, minutes=job.checkpoint_minutes))
    return callbacks


def _trainer(job: TrainingJob, *, strategy: Strategy, accumulation: int, callbacks: list[pl.Callback]) -> pl.Trainer:
    """Lightning's trainer; the callbacks alone log, save and show progress."""
    return pl.Trainer(
        **strategy.trainer_arguments(),
        max_epochs=1,
        precision=strategy.resolve_precision(job.precision, weights=job.weights),
        accumulate_grad_batches=accumulation,
        gradient_clip_val=job.max_gradient_norm,
        callbacks=callbacks,
        # The process launcher has set the ranks. Detecting an environment would start MPI wherever mpi4py is installed.
        plugins=[LightningEnvironment()],
        logger=False,
        use_distributed_sampler=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=job.work,
    )
