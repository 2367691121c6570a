"""Small trainings: the examples and the job that the tests of this room change."""

import json
from pathlib import Path

from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

PART = "thoughtrank.finetuning"


def write_examples(folder: Path, number: int, *, uneven: bool = False) -> Path:
    """A table of that many examples, of different lengths where they are ``uneven``."""
    folder.mkdir(exist_ok=True)
    rows = [
        Example(
            question_id=f"q{each}",
            candidate_id=f"q{each}-000",
            prompt=f"<|im_start|>user\nWhat is {each} + 1?<|im_end|>\n<|im_start|>assistant\n",
            completion=f"<thought>a {each} and 1</thought>{'so ' * (each % 5) if uneven else ''}{each + 1}<|im_end|>",
        )
        for each in range(number)
    ]
    write_part(folder / "part-00000.parquet", rows, record_type=Example)
    return folder


def make_job(model: Path, examples: Path, output: Path, **changes) -> TrainingJob:
    """A job that trains on the CPU, with what else a test wants."""
    output.mkdir(exist_ok=True)
    values = {
        "model": str(model),
        "examples": (str(examples),),
        "output": str(output),
        "work": str(output),
        "objective": {"_target_": f"{PART}.objectives.SupervisedFineTuning"},
        "optimizer": {"_target_": f"{PART}.optimizers.adamw.AdamW", "lr": 1e-3},
        "adapter": {"_target_": f"{PART}.adapters.NoAdapter"},
        "strategy": {"_target_": f"{PART}.strategies.AutoStrategy", "accelerator": "cpu"},
        "weights": "fp32_master",
        "epochs": 1,
        "min_steps": 0,
        "batch_size": 4,
        "micro_batch_size": 2,
        "shuffle": "examples",
        "packing": True,
        "gradient_checkpointing": False,
        "compile": False,
        "max_gradient_norm": 1.0,
        "precision": "32-true",
        "checkpoint_minutes": 0.0,
        "seed": 1,
        "log_every": 1,
        "description": "training",
    }
    return TrainingJob(**{**values, **changes})


def write_job(model: Path, examples: Path, output: Path, **changes) -> Path:
    """The same as a file."""
    make_job(model, examples, output, **changes).write(output / "_job.yaml")
    return output / "_job.yaml"


def steps_logged(folder: Path) -> list[dict]:
    """The rows of the log, in the order they were written."""
    return [json.loads(line) for line in (folder / "_metrics.jsonl").read_text().splitlines()]


def train_here(job: TrainingJob) -> list[dict]:
    """Train in this process, which is cheaper than a rank of its own; returns the log."""
    from thoughtrank.finetuning.strategies import AutoStrategy
    from thoughtrank.finetuning.train import run_training

    run_training(job, strategy=AutoStrategy(accelerator="cpu"))
    return steps_logged(Path(job.work))
