"""The output of one stage: a folder in the cache, named by its fingerprint, and the same files in the run folder.

A stage works in the cache. When it is done, its files are published: hard-linked (or copied, if the cache is on another file
system) into the run folder. So runs that agree on a stage share it, and deleting the cache never costs a finished run its
tables. A file that has links is never opened for writing: other runs may have it.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.storage.done_marker import DONE, read_done, write_done
from thoughtrank.storage.files import PARTIAL, copy_file, link_or_copy, swap_folder, sync_tree
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.locks import LOCK, exclusive

_SECONDS = "_seconds.json"


class Artifact:
    """One stage's folder in the cache, and where it is published.

    Args:
        folder: in the cache; named by the fingerprint.
        published: in the run folder.
        key: the fingerprint.
        replaces: whether an artifact of other inputs, with the given facts, may be replaced at ``published``.
        holds: whether a finished folder has everything that is wanted of it, beside its table.
        reusable: patterns of files that a stage can resume from if its finished folder has lost something.
    """

    def __init__(
        self,
        *,
        folder: Path,
        published: Path,
        key: str,
        replaces: Callable[[Mapping[str, Any]], bool] = lambda facts: False,
        holds: Callable[[Path], bool] = lambda folder: True,
        reusable: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.published = published
        self.key = key
        self._replaces = replaces
        self._holds = holds
        self._reusable = reusable
        self._since = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether it is complete, in the cache or in the run folder."""
        return self._complete_in(self.folder) or self._complete_in(self.published)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts that ``finish`` was given, and ``seconds`` of work over all attempts."""
        for folder in (self.published, self.folder):
            marker = read_done(folder)
            if marker is not None and marker.fingerprint == self.key:
                return marker.facts
        raise FileNotFoundError(self.folder / DONE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this artifact exclusively; waits while another process works on it. The lock ends with the process."""
        waiting = f"another run is working on {self.published.name} already: waiting for it"
        with exclusive(self.folder, waiting=waiting):
            self._since = time.monotonic()
            yield

    def begin(self) -> None:
        """Prepare the folder for work on a stage that is not complete; with the lock held.

        Work that was interrupted is left as it is. If a finished artifact has lost something, the stage gets a fresh folder
        with what it can reuse. Afterwards no file in the folder is shared.
        """
        if (self.folder / DONE).exists():
            kept = self._reusable_in(self.folder)
            # The marker goes before anything that it does not count: this may be interrupted at any moment.
            rest = [path for path in _files(self.folder) if path not in kept and path.name != DONE]
            for path in [*(path for path in rest if path.suffix == ".parquet"), self.folder / DONE, *rest]:
                path.unlink(missing_ok=True)
        marker = read_done(self.published)
        if marker is not None and marker.fingerprint == self.key:
            for path in self._reusable_in(self.published):
                own = self.folder / path.relative_to(self.published)
                if not own.exists():
                    copy_file(path, own)
        for path in _files(self.folder):
            if path.stat().st_nlink > 1:
                copy_file(path, path)

    def save_seconds(self) -> float:
        """Add the time since the last call (or since the lock was taken) to the total, and return the total.

        A damaged file counts as 0: nothing but the reported time depends on it.
        """
        path = self.folder / _SECONDS
        now = time.monotonic()
        total = _seconds_in(path) + now - self._since
        self._since = now
        write_json(path, round(total, 3))
        return total

    def add_seconds(self, seconds: float) -> None:
        """Count the time of other stages, whose tables this one combines, as time of this one."""
        self._since -= seconds

    def finish(self, **facts: object) -> None:
        """Write the done-marker, when all else is on disk; the last thing a stage does."""
        seconds = round(self.save_seconds(), 1)
        sync_tree(self.folder)
        write_done(self.folder, fingerprint=self.key, facts={**facts, "seconds": seconds})

    def check_published(self) -> None:
        """Check, before any work is done, that the result can be published.

        Raises:
            UserError: the run folder holds an artifact made from other inputs.
        """
        marker = read_done(self.published)
        if marker is not None and marker.fingerprint != self.key and not self._replaces(marker.facts):
            raise UserError(
                f"{self.published} was made from other inputs (another version or changed files): "
                "choose another run=, or delete that run folder"
            )

    def publish(self) -> None:
        """Put the finished files into the run folder, all at once, unless it has them; and restore a cache that lost them.

        Raises:
            UserError: see ``check_published``.
        """
        self.check_published()
        if self._complete_in(self.published):
            self.restore()
            return
        partial = self.published.with_name(f"_{self.published.name}{PARTIAL}")
        try:
            shutil.rmtree(partial, ignore_errors=True)
            _link_tree(self.folder, partial)
            sync_tree(partial)
            swap_folder(partial, self.published)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)  # on a full disk the space is needed
            raise

    def restore(self) -> None:
        """Link the files of the run folder into a cache that was deleted, or has lost some of them."""
        if self._complete_in(self.folder):
            return
        with self.locked():
            if self._complete_in(self.folder):
                return
            (self.folder / DONE).unlink(missing_ok=True)
            _link_tree(self.published, self.folder)

    def _complete_in(self, folder: Path) -> bool:
        marker = read_done(folder)
        if marker is None or marker.fingerprint != self.key:
            return False
        return not marker.damaged_parts(folder) and self._holds(folder)

    def _reusable_in(self, folder: Path) -> set[Path]:
        marker = read_done(folder)
        damaged = [] if marker is None else marker.damaged_parts(folder)
        found = {path for pattern in self._reusable for path in folder.glob(pattern)}
        return {path for path in found if path.name not in damaged}


def _seconds_in(path: Path) -> float:
    try:
        return float(read_json(path))
    except (OSError, ValueError, TypeError):
        return 0.0


def _files(folder: Path) -> list[Path]:
    """Every file in a folder, but for locks."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in paths if path.name != LOCK and path.suffix != ".lock"]


def _link_tree(source: Path, target: Path) -> None:
    """Link every finished file of ``source`` into ``target``, the done-marker last."""
    target.mkdir(parents=True, exist_ok=True)
    paths = [path for path in _files(source) if path.name != _SECONDS and path.suffix != PARTIAL]
    for path in sorted(paths, key=lambda each: each.name == DONE):
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(path, link)
