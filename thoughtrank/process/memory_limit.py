"""The memory limit of a container: psutil sees all memory of the machine, and the kernel kills what exceeds the limit."""

from pathlib import Path

import psutil

from thoughtrank.process.cgroups import cgroup_folders

_FILES = ("memory.max", "memory.limit_in_bytes")
"""Of version 2, and of version 1, which states a number above all memory where there is no limit."""


def usable_memory(root: Path = Path("/")) -> int:
    """Bytes of main memory that this process may use together with others of its container.

    Args:
        root: of the file system.
    """
    limits = [
        limit
        for folder in cgroup_folders("memory", root=root)
        for name in _FILES
        if (limit := _limit(folder / name)) is not None
    ]
    return min([_machine_memory(), *limits])


def _machine_memory() -> int:
    return psutil.virtual_memory().total


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # ValueError: "max"
        return None
