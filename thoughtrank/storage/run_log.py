"""The log of a run: messages of every attempt at it."""

import os
import time

from thoughtrank.redaction import redacted
from thoughtrank.storage.full_disk import is_full_disk
from thoughtrank.storage.run_paths import RunPaths


def log_line(paths: RunPaths, message: str) -> None:
    """Append to the log of a run, without secrets. On a full disk nothing is logged: the error that says so is for the terminal."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    line = f"{stamp} [{os.getpid()}] {redacted(message)}\n".encode(errors="backslashreplace")
    try:
        with paths.log.open("ab+", buffering=0) as file:
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                line = b"\n" + line  # the last line is torn
            file.write(line)
    except OSError as error:
        if not is_full_disk(error):
            raise


def log_size(paths: RunPaths) -> int:
    """Bytes in the log of a run; 0 if it has none."""
    return paths.log.stat().st_size if paths.log.exists() else 0
