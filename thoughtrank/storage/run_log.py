"""The log of a run: messages of every attempt at it."""

import os
import time

from thoughtrank.storage.run_paths import RunPaths


def log_line(paths: RunPaths, message: str) -> None:
    """Append to the log of a run."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with paths.log.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} [{os.getpid()}] {message}\n")


def log_size(paths: RunPaths) -> int:
    """Bytes in the log of a run; 0 if it has none."""
    return paths.log.stat().st_size if paths.log.exists() else 0
