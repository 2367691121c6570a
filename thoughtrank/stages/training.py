"""Stage 4: fine-tune on the examples, in a process of its own.

A launcher that re-runs the script for every extra device would generate and pay the judge again in each copy; and a
process that ends gives all its memory back.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.store import Stage, read_json


def train_model(*, stage: Stage, model_folder: Path, example_folders: Sequence[Path], settings: dict[str, Any]) -> None:
    """Run one training job; a job that was killed goes on from its last checkpoint.

    Args:
        stage: where the model goes; locked by the caller.
        model_folder: to start from.
        example_folders: tables to train on.
        settings: the other fields of ``TrainingJob``.

    Raises:
        UserError: training failed; the model of the round before is untouched.
    """
    job = TrainingJob(
        model=str(model_folder),
        examples=tuple(map(str, example_folders)),
        output=str(stage.folder),
        work=str(stage.folder),
        **settings,
    )
    job_file = stage.folder / "_job.yaml"
    job.write(job_file)
    command = [sys.executable, "-m", "thoughtrank.finetuning", str(job_file), str(os.getpid())]
    # A session of its own: Ctrl-C in the terminal reaches this process only, which then ends the other one.
    process = subprocess.Popen(command, env=_environment(), start_new_session=True)
    try:
        status = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if status != 0:
        raise UserError(
            f"training ended with status {status}; its own message stands above. The examples and the model of the round "
            "before are untouched: mend the cause and run the same command again"
        )
    stage.finish(**read_json(stage.folder / "_training.json"))


def _environment() -> dict[str, str]:
    """The training process sees no judge's key: it has no use for one."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def has_weights(folder: Path) -> bool:
    """Whether a model folder still holds its weights (``keep`` may have deleted them)."""
    return any(folder.glob("*.safetensors"))
