"""Stage 4: fine-tune on the examples, in a process of its own.

A launcher that re-runs the script for every extra device would generate and pay the judge again in each copy; and a
process that ends gives all its memory back.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.storage.store import Stage, read_json


def train_model(
    *,
    stage: Stage,
    model_folder: Path,
    example_folders: Sequence[Path],
    settings: dict[str, Any],
    devices: int,
    nodes: MultiNodeTraining,
) -> None:
    """Run one training job; a job that was killed goes on from its last checkpoint.

    Args:
        stage: where the model goes; locked by the caller.
        model_folder: to start from.
        example_folders: tables to train on.
        settings: the other fields of ``TrainingJob``.
        devices: training processes per machine.
        nodes: the machines.

    Raises:
        UserError: training failed; the model of the round before is untouched.
    """
    job = TrainingJob(
        model=str(model_folder.absolute()),
        examples=tuple(str(folder.absolute()) for folder in example_folders),
        output=str(stage.folder.absolute()),
        work=str(stage.folder.absolute()),
        **settings,
    )
    job_file = stage.folder / "_job.yaml"
    job.write(job_file)
    nodes.train(job_file, devices=devices)
    stage.finish(**read_json(stage.folder / "_training.json"))


def has_weights(folder: Path) -> bool:
    """Whether a model folder still holds its weights (``keep`` may have deleted them)."""
    return any(folder.glob("*.safetensors"))
