"""The output of one stage: a folder in the cache, named by its fingerprint, and the same files in the run folder.

A stage works in the cache. When it is done, its files are published: hard-linked (or copied, if the cache is on another file
system) into the run folder. So runs that agree on a stage share it, and deleting the cache never costs a finished run its
tables.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.locks import LOCK, exclusive

DONE = "_done.json"
_SECONDS = "_seconds.json"
_NOT_PUBLISHED = (LOCK, _SECONDS, "_training.lock")


class Artifact:
    """One stage's folder in the cache, and where it is published.

    Args:
        folder: in the cache; named by the fingerprint.
        published: in the run folder.
        key: the fingerprint.
        replaceable: an artifact of other inputs at ``published`` may be replaced.
    """

    def __init__(self, *, folder: Path, published: Path, key: str, replaceable: bool = False) -> None:
        self.folder = folder
        self.published = published
        self.key = key
        self.replaceable = replaceable
        self._since = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether it is complete, in the cache or in the run folder."""
        return self._complete_in(self.folder) or self._complete_in(self.published)

    @property
    def facts(self) -> dict[str, Any]:
        """What ``finish`` was given, and ``seconds`` of work over all attempts."""
        folder = self.published if (self.published / DONE).exists() else self.folder
        return read_json(folder / DONE)["facts"]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this artifact exclusively; waits while another process works on it. The lock ends with the process."""
        waiting = f"another run is working on {self.published.name} already: waiting for it"
        with exclusive(self.folder, waiting=waiting):
            self._since = time.monotonic()
            yield

    def save_seconds(self) -> float:
        """Add the time since the last call (or since the lock was taken) to the total, and return the total."""
        path = self.folder / _SECONDS
        now = time.monotonic()
        total = (read_json(path) if path.exists() else 0.0) + now - self._since
        self._since = now
        write_json(path, round(total, 3))
        return total

    def finish(self, **facts: object) -> None:
        """Write the done-marker; the last thing a stage does."""
        seconds = round(self.save_seconds(), 1)
        write_json(self.folder / DONE, {"fingerprint": self.key, "facts": {**facts, "seconds": seconds}})

    def invalidate(self) -> None:
        """Remove the done-marker, so that the stage runs again."""
        for folder in (self.folder, self.published):
            (folder / DONE).unlink(missing_ok=True)

    def check_published(self) -> None:
        """Check, before any work is done, that the result can be published.

        Raises:
            UserError: the run folder holds an artifact made from other inputs.
        """
        if self._other_published and not self.replaceable:
            raise UserError(
                f"{self.published} was made from other inputs (another version or changed files): "
                "choose another run=, or delete that run folder"
            )

    def publish(self) -> None:
        """Link the finished files into the run folder; or restore a deleted cache from there.

        Raises:
            UserError: see ``check_published``.
        """
        self.check_published()
        if self._other_published:
            shutil.rmtree(self.published)
        if not (self.published / DONE).exists():
            _link_tree(self.folder, self.published)
        elif not (self.folder / DONE).exists():
            with self.locked():
                _link_tree(self.published, self.folder)

    @property
    def _other_published(self) -> bool:
        return (self.published / DONE).exists() and not self._complete_in(self.published)

    def _complete_in(self, folder: Path) -> bool:
        return (folder / DONE).exists() and read_json(folder / DONE)["fingerprint"] == self.key


def _link_tree(source: Path, target: Path) -> None:
    """Link every file of ``source`` into ``target``, the done-marker last."""
    target.mkdir(parents=True, exist_ok=True)
    paths = [path for path in sorted(source.rglob("*")) if path.name not in _NOT_PUBLISHED and path.is_file()]
    for path in sorted(paths, key=lambda each: each.name == DONE):
        if path.name.endswith(".partial"):
            continue
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        try:
            os.link(path, link)
        except OSError:
            shutil.copy2(path, link)
