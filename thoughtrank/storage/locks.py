"""Folder locks that end with the process that holds them.

On a file system without locks (some network disks), a file stands for the lock as long as that exists. It names the process
and the machine; one whose process on this machine is gone counts for nothing.
"""

import errno
import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from thoughtrank.output.terminal import print_text, print_warning

LOCK = "_lock"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
_warned: set[int] = set()
"""Disks."""


@contextmanager
def exclusive(folder: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock of ``folder``, which is created if needed.

    Args:
        folder: what is locked.
        waiting: printed once when another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / LOCK, waiting=waiting):
        yield


@contextmanager
def held(path: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock ``path``, a file in an existing folder.

    Args:
        path: what is locked.
        waiting: printed once when another process holds the lock.
    """
    lock = _lock(path)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        by_file = isinstance(lock, SoftFileLock)
        print_text(f"{waiting} (if none is: delete {lock.lock_file})" if by_file else waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock(path: Path) -> BaseFileLock:
    reason = _reason_without_locks(path.parent)
    if reason is None:
        return FileLock(path)
    _warn_once(path.parent, reason)
    # Not the same name: what a lock leaves behind is no lock that is held.
    return SoftFileLock(path.with_name(f"{path.name}.lock"))


def _reason_without_locks(folder: Path) -> str | None:
    """Why no file of a folder can be locked; None where that works."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return error.strerror
            raise
    return None


def _warn_once(folder: Path, reason: str) -> None:
    """Once for each disk."""
    device = folder.stat().st_dev
    if device not in _warned:
        _warned.add(device)
        print_warning(
            f"the file system of {folder} has no locks ({reason}): a file stands for each lock. All machines that work in it "
            "have to see it without locks"
        )
