"""Checkpoints in the middle of training: what they are of, and which of them may be gone on from.

A checkpoint is a folder ``_checkpoint/step-N``: the trainer's ``state`` (a file, or a folder of one part per rank) and
``manifest.json``. It is written under another name and renamed, so that one that has its name is complete.
"""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from thoughtrank.errors import UserError
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.model_folder import full_disk_told

_SAMPLE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """Where to go on.

    Attributes:
        step: optimizer steps that are done.
        state: what Lightning loads.
    """

    step: int
    state: Path


class Checkpoints:
    """The checkpoints of one training.

    Args:
        work: the folder they lie in.
        job: the training they belong to.
        world_size: number of ranks.
    """

    def __init__(self, work: Path, *, job: TrainingJob, world_size: int) -> None:
        self.folder = work / "_checkpoint"
        self.origin = {
            "world_size": world_size,
            "strategy": {name: value for name, value in job.strategy.items() if name not in ("devices", "num_nodes")},
            "model": model_digest(Path(job.model)),
        }

    def find(self) -> FoundCheckpoint | None:
        """The newest complete checkpoint.

        Raises:
            UserError: it was made with another number of processes, another strategy, or from another model.
        """
        complete = [path for path in self.folder.glob("step-*") if path.suffix != ".partial"]
        if not complete:
            return None
        newest = max(complete, key=_step)
        self._check(newest, json.loads((newest / "manifest.json").read_text()))
        return FoundCheckpoint(step=_step(newest), state=newest / "state")

    def save(self, trainer: pl.Trainer) -> None:
        """Write one at this step, on all ranks together, and then delete the older ones.

        Raises:
            UserError: the disk is full; the older ones are still there.
        """
        place = self.folder / f"step-{trainer.global_step}"
        partial = place.with_suffix(".partial")
        with full_disk_told(self.folder):
            if trainer.is_global_zero:
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                (partial / "manifest.json").write_text(json.dumps(self.origin, indent=2) + "\n")
            trainer.strategy.barrier()
            trainer.save_checkpoint(partial / "state")
            trainer.strategy.barrier()
        if trainer.is_global_zero:
            partial.replace(place)
            for old in self.folder.glob("step-*"):
                if old != place:
                    shutil.rmtree(old)

    def delete(self) -> None:
        """Forget them all: the training is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, place: Path, manifest: dict[str, Any]) -> None:
        remedy = f"delete {self.folder} to begin this round's training anew"
        before, now = manifest["world_size"], self.origin["world_size"]
        if before != now:
            raise UserError(
                f"the checkpoint {place} was made by {before} training processes and cannot be gone on from with {now}: "
                f"set strategy.devices and strategy.num_nodes back, or {remedy}"
            )
        if manifest["strategy"] != self.origin["strategy"]:
            raise UserError(
                f"the checkpoint {place} was made with another strategy: choose that one again, or {remedy}"
            )
        if manifest["model"] != self.origin["model"]:
            raise UserError(f"the checkpoint {place} is of a training that began from another model: {remedy}")


class TimedCheckpoint(pl.Callback):
    """Saves everything needed to go on, at most every ``minutes``, always between two optimizer steps."""

    def __init__(self, *, checkpoints: Checkpoints, minutes: float) -> None:
        self.checkpoints = checkpoints
        self.seconds = minutes * 60
        self._last = time.monotonic()
        self._steps = 0

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Behind a resume the first micro-batch makes no step."""
        self._steps = trainer.global_step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Save when a step has just been made and the time has come by the clock of rank 0."""
        if trainer.global_step == self._steps:
            return
        self._steps = trainer.global_step
        if trainer.strategy.broadcast(time.monotonic() - self._last >= self.seconds):
            self.checkpoints.save(trainer)
            self._last = time.monotonic()


def model_digest(folder: Path) -> str:
    """Tells models apart without reading all of them: the config, and size and first MiB of each file of weights."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode() + file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _step(place: Path) -> int:
    return int(place.name.removeprefix("step-"))
