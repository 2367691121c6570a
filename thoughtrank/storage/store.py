"""Where everything lies: run folders, the cache of finished stages, fingerprints and locks. Only this module names paths.

A stage works inside the cache, in a folder named by the fingerprint of all that goes into it. When it is done, its files
are linked (hard links, or copies where the cache lies on another file system) into the run folder. So two runs that
agree on a stage share it, and deleting the cache costs recomputation but never a finished run's tables.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from thoughtrank.errors import UserError

_DONE = "_done.json"
_SECONDS = "_seconds.json"
_LOCK = "_lock"
_NOT_LINKED = (_LOCK, _SECONDS, "_training.lock")


def fingerprint(**inputs: Any) -> str:
    """A short name for everything a stage depends on: equal exactly when all ``inputs`` (JSON values) are."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Load a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def base_model_folder(cache_folder: Path, identity: dict[str, Any]) -> Path:
    """Where the cache keeps the model of round 0, made from what ``identity`` says."""
    return cache_folder / "model" / fingerprint(kind="model", **identity)


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The names inside one run folder; its listing is the pipeline."""

    folder: Path

    @property
    def config(self) -> Path:
        """The composed config, written once."""
        return self.folder / "config.yaml"

    @property
    def summary(self) -> Path:
        """Results of all rounds, written last."""
        return self.folder / "summary.json"

    @property
    def export(self) -> Path:
        """The released model."""
        return self.folder / "export"

    @property
    def log(self) -> Path:
        """Messages of every attempt at this run."""
        return self.folder / "run.log"

    @property
    def data(self) -> Path:
        """The examples in the formats of other trainers, where they were asked for."""
        return self.folder / "data"

    def rounds_with_examples(self) -> list[int]:
        """Numbers of the rounds whose selection is finished."""
        found: list[int] = []
        while (self.examples(len(found) + 1) / _DONE).exists():
            found.append(len(found) + 1)
        return found

    def _round(self, round_number: int) -> Path:
        return self.folder / f"round_{round_number}"

    def candidates(self, round_number: int) -> Path:
        """Table of candidates."""
        return self._round(round_number) / "1_candidates"

    def rankings(self, round_number: int) -> Path:
        """Table of rankings."""
        return self._round(round_number) / "2_rankings"

    def examples(self, round_number: int) -> Path:
        """Table of training examples."""
        return self._round(round_number) / "3_examples"

    def model(self, round_number: int) -> Path:
        """The tuned model."""
        return self._round(round_number) / "4_model"

    def evaluation(self, round_number: int) -> Path:
        """Metrics of the round's model."""
        return self._round(round_number) / "5_evaluation.json"

    def replies(self, round_number: int) -> Path:
        """Table of the replies behind the metrics."""
        return self._round(round_number) / "5_replies"


class Stage:
    """One stage's folder in the cache and its place in the run.

    Args:
        folder: in the cache; named by the fingerprint.
        place: in the run folder.
        key: the fingerprint.
        replaceable: what an earlier attempt put at ``place`` may give way to this.
    """

    def __init__(self, *, folder: Path, place: Path, key: str, replaceable: bool = False) -> None:
        self.replaceable = replaceable
        self.folder = folder
        self.place = place
        self.key = key
        self._since = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether all of it is there, in the cache or in the run folder."""
        return any((folder / _DONE).exists() and self._ours(folder) for folder in (self.folder, self.place))

    def _ours(self, folder: Path) -> bool:
        return read_json(folder / _DONE)["fingerprint"] == self.key

    def facts(self) -> dict[str, Any]:
        """What ``finish`` was given, with ``seconds`` of work over all attempts."""
        folder = self.place if (self.place / _DONE).exists() else self.folder
        return read_json(folder / _DONE)["facts"]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this stage alone; wait while another process works on it. The lock ends with the process."""
        with _held_alone(self.folder, waiting=f"another run is working on {self.place.name} already: waiting for it"):
            self._since = time.monotonic()
            yield

    def save_seconds(self) -> float:
        """Add the time since the last call (or since the lock was taken) to this stage's account and return the sum."""
        path = self.folder / _SECONDS
        now = time.monotonic()
        total = (read_json(path) if path.exists() else 0.0) + now - self._since
        self._since = now
        write_json(path, round(total, 3))
        return total

    def finish(self, **facts: Any) -> None:
        """Mark the stage as complete; the last thing a stage does."""
        facts["seconds"] = round(self.save_seconds(), 1)
        write_json(self.folder / _DONE, {"fingerprint": self.key, "facts": facts})

    def forget(self) -> None:
        """Take back that the stage is complete, so that it is made again."""
        for folder in (self.folder, self.place):
            (folder / _DONE).unlink(missing_ok=True)

    def check_place(self) -> None:
        """Make sure, before any work is done, that the result can be shown in the run folder.

        Raises:
            UserError: the run folder holds something made from other inputs.
        """
        if (self.place / _DONE).exists() and not self._ours(self.place) and not self.replaceable:
            raise UserError(
                f"{self.place} was made from other inputs (another version or changed files): "
                "choose another run=, or delete that run folder"
            )

    def publish(self) -> None:
        """Show the finished stage in the run folder; or, where the cache was deleted, put it back from there.

        Raises:
            UserError: see ``check_place``.
        """
        self.check_place()
        if (self.place / _DONE).exists() and not self._ours(self.place):
            shutil.rmtree(self.place)
        if (self.place / _DONE).exists():
            if not (self.folder / _DONE).exists():
                with self.locked():
                    _link_tree(self.place, self.folder)
            return
        _link_tree(self.folder, self.place)


@contextmanager
def _held_alone(folder: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock of a folder, made where there is none; say ``waiting`` when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        print(waiting, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _link_tree(source: Path, target: Path) -> None:
    """Link every file of ``source`` into ``target``, the done-marker last."""
    target.mkdir(parents=True, exist_ok=True)
    paths = [path for path in sorted(source.rglob("*")) if path.name not in _NOT_LINKED and path.is_file()]
    for path in sorted(paths, key=lambda each: each.name == _DONE):
        if path.name.endswith(".partial"):
            continue
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        try:
            os.link(path, link)
        except OSError:
            shutil.copy2(path, link)


class Store:
    """Hands out stages.

    Args:
        run_folder: ``runs/<run>``.
        cache_folder: finished stages, shared by all runs.
    """

    def __init__(self, *, run_folder: Path, cache_folder: Path) -> None:
        self.paths = RunPaths(run_folder)
        self.cache_folder = cache_folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run alone; wait while another process works on the same one. The lock ends with the process."""
        run = self.paths.folder
        with _held_alone(run, waiting=f"another process is working on run {run.name} already: waiting for it"):
            yield

    def stage(self, *, kind: str, place: Path, inputs: dict[str, Any], replaceable: bool = False) -> Stage:
        """The stage ``kind`` made from ``inputs``, to appear at ``place``; see ``Stage`` for ``replaceable``."""
        key = fingerprint(kind=kind, **inputs)
        return Stage(folder=self.cache_folder / kind / key, place=place, key=key, replaceable=replaceable)
