"""How every file is written: under another name, then to disk, then renamed. A file with its own name is complete."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
"""Ends the name of what is not complete yet."""
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP)


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Replace a file atomically: yields the path to write to, which gets its final name when the block ends.

    If the block raises, what it wrote is deleted, so that it takes no space on a full disk, and ``path`` is left as it was.

    Args:
        path: the file.
        durable: also sync the folder, so that the new name survives a power failure.
    """
    partial = path.with_name(f"_{path.name}{PARTIAL}")
    try:
        yield partial
        sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace a UTF-8 text file atomically."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its times; ``target`` is replaced atomically. Equal paths give the file an inode of its own."""
    with replacing(target) as partial:
        shutil.copy2(source, partial)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, in place of what has that name; it is copied where links are impossible."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        copy_file(source, target)


def swap_folder(new: Path, folder: Path) -> None:
    """Put the folder ``new``, which lies beside ``folder``, in its place, and delete the former one."""
    former = folder.with_name(f"_{folder.name}.former{PARTIAL}")
    shutil.rmtree(former, ignore_errors=True)
    sync(new)
    if folder.exists():
        folder.replace(former)
    new.replace(folder)
    sync(folder.parent)
    shutil.rmtree(former, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if not (path.is_dir() and error.errno in _NO_FOLDER_SYNC):
            raise
    finally:
        os.close(opened)


def sync_tree(folder: Path) -> None:
    """Wait until everything in a folder is on disk: libraries do not sync what they save."""
    for path in folder.rglob("*"):
        if not path.is_symlink() and (path.is_file() or path.is_dir()):
            sync(path)
    sync(folder)
