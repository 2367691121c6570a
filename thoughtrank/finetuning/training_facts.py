"""The summary of a finished training, ``_training.json``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.finetuning.callbacks.best_weights import BestWeights
from thoughtrank.finetuning.callbacks.memory_report import MemoryReport
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.training_data import TrainingData
from thoughtrank.finetuning.weight_formats import arithmetic_format
from thoughtrank.storage.json_files import write_json

if TYPE_CHECKING:
    import pytorch_lightning as pl

FACTS_FILE = "_training.json"


def write_facts(
    job: TrainingJob,
    *,
    data: TrainingData,
    memory: MemoryReport,
    best: Sequence[BestWeights],
    trainer: "pl.Trainer",
    seconds: float,
) -> None:
    """Write what was trained, on what and how, into the work folder of ``job``."""
    examples = data.examples
    facts = {
        "examples": len(examples.used),
        "examples_too_long": examples.too_long,
        "examples_without_answer": examples.without_answer,
        "tokens_per_epoch": sum(len(example.token_ids) for example in examples.used),
        "target_tokens_per_epoch": sum(example.num_targets for example in examples.used),
        "epochs": data.epochs,
        "steps": trainer.global_step,
        "effective_batch_size": job.batch_size,
        "micro_batch_tokens": job.micro_batch_tokens,
        "gradient_checkpointing": job.gradient_checkpointing,
        "adapter": _class_name(job.adapter),
        **memory.facts(),
        "device": str(trainer.strategy.root_device),
        "precision": arithmetic_format(str(trainer.precision), weights=job.weights),
        "saved_dtype": "bfloat16",
        "world_size": trainer.world_size,
        "num_nodes": trainer.num_nodes,
        "strategy": _class_name(job.strategy),
        "strategy_of_lightning": type(trainer.strategy).__name__,
        "seconds": round(seconds, 1),
    }
    weights = {example.weight for example in examples.used}
    if weights != {1.0}:
        facts["example_weights"] = [min(weights), max(weights)]
    for each in best:
        facts["kept_step"] = each.best_step
        facts["development_losses"] = {str(step): round(loss, 6) for step, loss in each.losses.items()}
    write_json(Path(job.work) / FACTS_FILE, facts)


def _class_name(component: dict[str, object]) -> str:
    return str(component["_target_"]).rpartition(".")[2]
