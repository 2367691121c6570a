"""Checkpoints of an unfinished training: what they contain and when they can be resumed.

A checkpoint is a folder ``_checkpoint/step-N`` with the trainer's ``state`` (a file, or a folder with one part per rank) and
``manifest.json``. It is written under another name and then renamed, so that a folder with its final name is complete.
"""

import hashlib
import os
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pytorch_lightning as pl

from thoughtrank.errors import UserError
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.protocols import Strategy
from thoughtrank.storage.files import swap_folder, sync_tree
from thoughtrank.storage.full_disk import full_disk_as_user_error
from thoughtrank.storage.json_files import read_json_object, write_json

_DIGEST_BYTES = 1 << 20
_MANIFEST = "manifest.json"
_SIZES = "sizes.json"


class Manifest(TypedDict):
    """The training that a checkpoint belongs to.

    Attributes:
        world_size: number of ranks.
        strategy: the strategy component, with the kind of device that ``auto`` means and without the numbers of devices.
        model: digest of the model that training started from.
    """

    world_size: int
    strategy: dict[str, object]
    model: str


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """Where to resume.

    Attributes:
        step: optimizer steps that are done.
        state: what Lightning loads.
    """

    step: int
    state: Path


class Checkpoints:
    """The checkpoints of one training.

    Args:
        work: the folder that contains them.
        job: the training they belong to.
        strategy: the component that ``job.strategy`` describes.
        world_size: number of ranks.
    """

    def __init__(self, work: Path, *, job: TrainingJob, strategy: Strategy, world_size: int) -> None:
        self.folder = work / "_checkpoint"
        # A run's first attempt has auto where later ones have what it meant.
        settings = {**job.strategy, "accelerator": strategy.device_kind()}
        self.manifest: Manifest = {
            "world_size": world_size,
            "strategy": {name: value for name, value in settings.items() if name not in ("devices", "num_nodes")},
            "model": model_digest(Path(job.model)),
        }

    def find(self) -> FoundCheckpoint | None:
        """The newest complete checkpoint; one whose manifest cannot be read, or that has lost a part of a file, is none.

        Raises:
            UserError: it was saved with another number of processes, another strategy, or from another model; or it consists of
                files that may run code when they are loaded, and is not this user's own.
        """
        complete = [path for path in self.folder.glob("step-*") if path.suffix != ".partial" and _is_whole(path)]
        usable = {path: found for path in complete if (found := self._manifest_of(path)) is not None}
        if not usable:
            return None
        newest = max(usable, key=_step)
        self._check(newest, usable[newest])
        self._check_owner(newest)
        return FoundCheckpoint(step=_step(newest), state=newest / "state")

    def save(self, trainer: pl.Trainer) -> None:
        """Write one at this step, on all ranks together, and then delete the older ones.

        Raises:
            UserError: the disk is full; the older ones are still there.
        """
        folder = self.folder / f"step-{trainer.global_step}"
        partial = folder.with_suffix(".partial")
        with full_disk_as_user_error(self.folder):
            if trainer.is_global_zero:
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                write_json(partial / _MANIFEST, self.manifest)
            trainer.strategy.barrier()
            trainer.save_checkpoint(partial / "state")
            trainer.strategy.barrier()
            if trainer.is_global_zero:
                write_json(partial / _SIZES, _sizes(partial))
                sync_tree(partial)
                # A damaged one of this step may be there.
                swap_folder(partial, folder)
        if trainer.is_global_zero:
            for old in self.folder.glob("step-*"):
                if old != folder:
                    shutil.rmtree(old)

    def delete(self) -> None:
        """Delete them all: the training is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check_owner(self, folder: Path) -> None:
        """One file is loaded as plain tensors, whoever wrote it. Files of several ranks are unpickled by their libraries."""
        if not (folder / "state").is_dir():
            return
        for path in (self.folder, folder, *folder.rglob("*")):
            found = path.lstat()
            if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode) or found.st_mode & stat.S_IWOTH:
                raise UserError(
                    f"the checkpoint {folder} could run code when it is loaded, and {path.name} in it belongs to another user, "
                    f"is a link, or can be written by all users: delete {self.folder} to restart this round's training, or set "
                    "cache_dir to a folder of your own"
                )

    def _manifest_of(self, folder: Path) -> Manifest | None:
        found = read_json_object(folder / _MANIFEST)
        if found is None or found.keys() != self.manifest.keys():
            return None
        return Manifest(world_size=found["world_size"], strategy=found["strategy"], model=found["model"])

    def _check(self, folder: Path, found: Manifest) -> None:
        remedy = f"delete {self.folder} to restart this round's training"
        before, now = found["world_size"], self.manifest["world_size"]
        if before != now:
            raise UserError(
                f"the checkpoint {folder} was made by {before} training processes and cannot be resumed with {now}: "
                f"set strategy.devices and strategy.num_nodes back, or {remedy}"
            )
        if found["strategy"] != self.manifest["strategy"]:
            raise UserError(
                f"the checkpoint {folder} was made with another strategy: choose that one again, or {remedy}"
            )
        if found["model"] != self.manifest["model"]:
            raise UserError(f"the checkpoint {folder} is of a training that began from another model: {remedy}")


class TimedCheckpoint(pl.Callback):
    """Saves a checkpoint at most every ``minutes``, always between two optimizer steps."""

    def __init__(self, *, checkpoints: Checkpoints, minutes: float) -> None:
        self.checkpoints = checkpoints
        self.seconds = minutes * 60
        self._last = time.monotonic()
        self._steps = 0

    def on_train_start(self, trainer: pl.Trainer, *_: object) -> None:
        """After a resume, the first micro-batch does not complete a step."""
        self._steps = trainer.global_step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        """Save if a step has just been completed and it is time by the clock of rank 0."""
        if trainer.global_step == self._steps:
            return
        self._steps = trainer.global_step
        if trainer.strategy.broadcast(time.monotonic() - self._last >= self.seconds):
            self.checkpoints.save(trainer)
            self._last = time.monotonic()


def model_digest(folder: Path) -> str:
    """Hash of a model that does not read all of it: its config, and name, size and first MiB of each file of weights."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode() + file.read(_DIGEST_BYTES))
    return digest.hexdigest()


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file of a checkpoint, by its path in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != _SIZES]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _is_whole(folder: Path) -> bool:
    """Whether no file is missing or has another size than when it was written; those of older versions have no list."""
    if not (folder / _SIZES).exists():
        return True
    return read_json_object(folder / _SIZES) == _sizes(folder)


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))
