"""Folder locks that end with the process that holds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from thoughtrank.output.terminal import print_text

LOCK = "_lock"


@contextmanager
def exclusive(folder: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock of ``folder``, which is created if needed.

    Args:
        folder: what is locked.
        waiting: printed once when another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        print_text(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
