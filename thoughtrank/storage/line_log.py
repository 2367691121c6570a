"""Append-only files of one record per line: every such file of a run is written by this class."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.storage.files import sync
from thoughtrank.storage.full_disk import full_disk_as_user_error, is_full_disk

_UNREADABLE = (ValueError, KeyError, TypeError)

_READ_BYTES = 1 << 16


class LineLog:
    """Complete lines are read when it is opened, and new ones appended. One process at a time may have it open.

    A process that is killed while it writes leaves at most one torn line, the last one, which is cut off when the file is
    opened. If only the newline is missing, the line counts.

    Args:
        path: the file; created, with its folder, if missing.
        read: called with each line that is there, without its newline; raises ValueError, KeyError or TypeError for a line
            that it cannot read.
        unreadable: what is wrong with such a line, and what to do, for the error; None skips these lines.
        durable: a line is on disk before ``append`` returns. Otherwise it survives the process, but not a power failure.

    Raises:
        UserError: a complete line cannot be read.
    """

    def __init__(
        self, path: Path, *, read: Callable[[bytes], object], unreadable: str | None = None, durable: bool = False
    ) -> None:
        self.path = path
        self._durable = durable
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if durable and is_new:
                sync(path.parent)
            self._size = self._load(read, unreadable)
        except BaseException:
            self.close()
            raise

    def append(self, line: bytes) -> int:
        """Write one line, given without its newline. May be called from many threads.

        Returns:
            The offset of the line, for ``line_at``.

        Raises:
            UserError: it cannot be written; the file is left without any part of it.
        """
        line += b"\n"
        with self._lock, full_disk_as_user_error(self.path):
            try:
                self._write(line)
            except OSError as error:
                with suppress(OSError):
                    os.ftruncate(self._file, self._size)
                if is_full_disk(error):
                    raise
                raise UserError(f"cannot write {self.path}: {error.strerror}; check the disk and run again") from error
            offset = self._size
            self._size += len(line)
            return offset

    def line_at(self, offset: int) -> bytes:
        """The line that begins at ``offset`` bytes, without its newline. May be called from many threads."""
        pieces = []
        while True:
            piece = os.pread(self._file, _READ_BYTES, offset)
            line, newline, _ = piece.partition(b"\n")
            pieces.append(line)
            if newline or not piece:
                return b"".join(pieces)
            offset += len(piece)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: bytes) -> None:
        written = os.pwrite(self._file, line, self._size)
        while written < len(line):  # a disk that is nearly full may write only a part
            written += os.pwrite(self._file, line[written:], self._size + written)
        if self._durable:
            os.fsync(self._file)

    def _load(self, read: Callable[[bytes], object], unreadable: str | None) -> int:
        """Read the lines and cut a torn one off; returns the size of the file in bytes."""
        size = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                torn = not line.endswith(b"\n")
                try:
                    read(line.removesuffix(b"\n"))
                except _UNREADABLE as error:
                    if torn:
                        break
                    if unreadable is not None:
                        raise UserError(f"{self.path}: line {number} {unreadable}") from error
                else:
                    if torn:
                        os.pwrite(self._file, b"\n", size + len(line))
                        return size + len(line) + 1
                size += len(line)
        if size < os.fstat(self._file).st_size:
            os.ftruncate(self._file, size)
        return size


def read_json_lines(path: Path) -> Iterator[Any]:
    """The values of a file of JSON lines that only informs: torn lines are left out, and a missing file has none."""
    for line in path.read_bytes().splitlines() if path.exists() else []:
        with suppress(ValueError):
            yield json.loads(line)
