"""The CPU quota of a container, which limits the number of threads.

Docker's ``--cpus`` and the CPU limit of Kubernetes are quotas of a cgroup. Python and torch see all cores of the machine then,
and as many threads wait for each other while the kernel holds them back.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from thoughtrank.process.cgroups import cgroup_folders

THREADS = "OMP_NUM_THREADS"
_limited = False
"""The variable was set here, and not by the user."""


def limit_threads() -> None:
    """Set ``OMP_NUM_THREADS`` of this process and its children to the quota, if there is one below the number of cores.

    Call it before torch is imported. A number that is set already stays.
    """
    global _limited
    cores = usable_cores()
    if THREADS not in os.environ and cores < _cores():
        os.environ[THREADS] = str(cores)
        _limited = True


def threads_of_each(processes: int, environment: Mapping[str, str]) -> str:
    """Threads of each of several processes that compute side by side: their part of the cores, or as the user has it."""
    if THREADS in environment and not _limited:
        return environment[THREADS]
    return str(max(1, usable_cores() // processes))


def computing_threads(environment: Mapping[str, str] = os.environ) -> int:
    """The threads that torch computes with, without importing it: those that the user set, or one per usable core."""
    given = environment.get(THREADS, "").partition(",")[0].strip()
    return int(given) if given.isdecimal() and int(given) > 0 else usable_cores()


def usable_cores(root: Path = Path("/")) -> int:
    """The cores that this process may use at the same time, at least 1.

    Args:
        root: of the file system.
    """
    quotas = [quota for folder in cgroup_folders("cpu", root=root) if (quota := _quota(folder)) is not None]
    return min([_cores(), *(max(1, math.ceil(quota)) for quota in quotas)])


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _quota(folder: Path) -> float | None:
    """Seconds of processor time per second; None without a limit."""
    try:
        if (folder / "cpu.max").exists():
            limit, period = (folder / "cpu.max").read_text().split()
        else:
            limit, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # ValueError: "max"
        return None
