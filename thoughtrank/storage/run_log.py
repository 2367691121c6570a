"""The log of a run: messages of every attempt at it."""

import os
import re
import time
from collections.abc import Sequence

from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import redacted
from thoughtrank.storage.full_disk import is_full_disk
from thoughtrank.storage.run_paths import RunPaths

_STARTED = b"] started: "
_MAX_LINE = 1000
"""Bytes of a line that are read for its date."""


def log_line(paths: RunPaths, message: str) -> None:
    """Append to the log of a run, without secrets.

    On a full disk nothing is logged: that error is only printed.
    """
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    line = f"{stamp} [{os.getpid()}] {printable(redacted(message))}\n".encode(errors="backslashreplace")
    try:
        with paths.log.open("ab+", buffering=0) as file:
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                line = b"\n" + line  # the last line is torn
            file.write(line)
    except OSError as error:
        if not is_full_disk(error):
            raise


def log_start(paths: RunPaths, *, command: Sequence[str]) -> None:
    """Append the first line of an attempt; call it with the run locked. Logs a missing end of the previous attempt first."""
    if log_size(paths) and _STARTED in paths.log.read_bytes().rstrip(b"\n").rpartition(b"\n")[2]:
        log_line(paths, "stopped: the attempt above was killed, or the machine failed")
    log_line(paths, f"started: {' '.join(command)}")


def start_date(paths: RunPaths) -> str | None:
    """Day on which the first attempt at a run was started, such as ``2026-11-27``; None without a log."""
    try:
        with paths.log.open("rb") as file:
            first = file.readline(_MAX_LINE)
    except OSError:
        return None
    found = re.match(rb"(\d{4}-\d\d-\d\d) [\d:]+ \[\d+\] started: ", first)
    return found[1].decode() if found else None


def log_size(paths: RunPaths) -> int:
    """Bytes in the log of a run; 0 if it has none."""
    return paths.log.stat().st_size if paths.log.exists() else 0
