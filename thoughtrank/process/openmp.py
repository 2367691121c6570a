"""How the OpenMP threads of this process wait for each other: by spinning, but hardly at all while the machine is busy.

GNU's runtime, which torch's packages contain, spins for milliseconds at a barrier before a thread sleeps: the fastest way on a
quiet machine. Beside another busy process the thread that is waited for has no core meanwhile, and every one of the thousands
of barriers of a training step, or of a decoding step, takes that long. The same runtime spins a thousandth as long while the
process has more OpenMP threads than cores (libgomp's manual, ``GOMP_SPINCOUNT``). So a busy machine makes this process keep
further threads, which never work. Other runtimes are left as they are.
"""

import os
import threading
from collections.abc import Mapping

import psutil

WAIT_SETTINGS = frozenset({"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})
"""Environment variables that fix how threads wait; with one of them set, nothing changes."""

_SECONDS = 1.0
"""Between two measurements of the load. Shorter ones are inexact: the kernel counts in hundredths of a second."""

_TOLERATED_CORES = 0.3
"""Load that is no reason to stop spinning: monitors, log writers."""

_PARALLEL_ELEMENTS = 1 << 17
"""Elements of a tensor that torch fills with several threads."""

_watcher: threading.Thread | None = None


def adapt_to_load(environment: Mapping[str, str] = os.environ) -> None:
    """Watch the load of the machine from now on; call it in a process that computes with torch, as often as you like."""
    global _watcher
    if environment.keys() & WAIT_SETTINGS or (_watcher is not None and _watcher.is_alive()):
        return
    # A forked process has this variable, but not the thread.
    _watcher = threading.Thread(target=_watch, name="openmp-load", daemon=True)
    _watcher.start()


class OtherLoad:
    """Cores that other processes use, since the last call."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self.cores()

    def cores(self) -> float:
        """The whole machine's load less that of this process."""
        everything = psutil.cpu_percent() * psutil.cpu_count()
        return (everything - self._own.cpu_percent()) / 100


class IdleThreads:
    """OpenMP threads that exist and never work: enough of them that the process has more threads than cores."""

    def __init__(self) -> None:
        self._end: threading.Event | None = None
        self._holders: list[threading.Thread] = []

    def __bool__(self) -> bool:
        return bool(self._holders)

    def keep(self) -> None:
        """Start them, unless they exist or the process computes with one thread only.

        A thread of Python has a team of its own: itself and one thread fewer than torch computes with.
        """
        import torch

        threads = torch.get_num_threads()
        if self._holders or threads == 1:
            return
        self._end = threading.Event()
        missing = max(1, psutil.cpu_count() - threads + 1)
        for _ in range(-(-missing // (threads - 1))):
            holder = threading.Thread(target=_hold_team, args=(self._end,), name="openmp-idle", daemon=True)
            holder.start()
            self._holders.append(holder)

    def end(self) -> None:
        """End them, which lets the working threads spin again."""
        if self._end is not None:
            self._end.set()
        for holder in self._holders:
            holder.join()
        self._holders.clear()


def _hold_team(end: threading.Event) -> None:
    import torch

    torch.zeros(_PARALLEL_ELEMENTS).add_(1)
    end.wait()


def _watch() -> None:
    import torch

    load, idle, pause = OtherLoad(), IdleThreads(), threading.Event()
    while not pause.wait(_SECONDS):
        adapt(idle, busy=is_busy(other_cores=load.cores(), threads=torch.get_num_threads()))


def is_busy(*, other_cores: float, threads: int) -> bool:
    """Whether threads of this process have to wait for a core."""
    return other_cores + threads > psutil.cpu_count() + _TOLERATED_CORES


def adapt(idle: IdleThreads, *, busy: bool) -> None:
    """Keep idle threads on a busy machine only."""
    if busy:
        idle.keep()
    else:
        idle.end()
