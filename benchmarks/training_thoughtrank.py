"""This project's training as a contender of ``training.py``: ``training_thoughtrank.py JOB.json``."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training_turns import FinishedError, Turns, send_results

from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.batching.batches import Batch


class InTurns(SupervisedFineTuning):
    """The usual loss, which waits for its turn at the start of each step."""

    def __init__(self, *, micro_batches: int) -> None:
        self._turns = Turns(micro_batches=micro_batches)

    def loss(self, *, model: "PreTrainedModel", batch: "Batch") -> "Tensor":
        """See ``SupervisedFineTuning``."""
        self._turns.before_forward_pass()
        return super().loss(model=model, batch=batch)


def training_job(job: dict[str, Any], work: Path) -> TrainingJob:
    """The job with this project's default settings, except for the shared optimizer settings."""
    rows = job["rows"]
    (work / "examples").mkdir()
    examples = [Example(candidate_id=f"c{index}", **row) for index, row in enumerate(rows)]
    write_part(work / "examples" / "part-00000.parquet", examples, record_type=Example)
    size = min(job["micro_batch_size"], len(rows))
    return TrainingJob(
        model=job["model"],
        examples=(str(work / "examples"),),
        output=str(work / "model"),
        work=str(work),
        objective={"_target_": "training_thoughtrank.InTurns", "micro_batches": -(-len(rows) // size)},
        optimizer={
            "_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW",
            **{"lr": job["lr"], "betas": job["betas"], "schedule": "constant_with_warmup", "warmup_share": 0.0},
        },
        adapter={"_target_": "thoughtrank.finetuning.adapters.NoAdapter"},
        strategy={"_target_": "thoughtrank.finetuning.strategies.AutoStrategy"},
        weights="fp32_master",
        epochs=job["steps"],
        min_steps=0,
        batch_size=len(rows),
        micro_batch_size=size,
        shuffle="examples",
        packing=True,
        gradient_checkpointing=job["gradient_checkpointing"],
        compile=job["compile"],
        max_gradient_norm=1.0,
        precision="bf16-mixed",
        checkpoint_minutes=0.0,
        seed=0,
        log_every=1,
        description="training",
    )


def main() -> None:
    """Run the job file."""
    job = json.loads(Path(sys.argv[1]).read_text())
    work = Path(job["work"])
    training = training_job(job, work)
    from thoughtrank.finetuning.train import run_training

    with suppress(FinishedError):
        run_training(training, strategy=AutoStrategy())
    steps = [json.loads(line) for line in (work / "_metrics.jsonl").read_text().splitlines()]
    send_results({"losses": [step["loss"] for step in steps]})


if __name__ == "__main__":
    main()
