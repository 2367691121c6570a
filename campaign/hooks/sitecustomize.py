"""Loaded by every Python process of a run in a trial that injects faults; ``CAMPAIGN_HOOK`` says which, as JSON."""

import errno
import json
import os
import random
import re
import sys
import time
from collections.abc import Callable
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR
_KEY = re.compile(r"[0-9a-f]{12,}")


def site_of(event: str, path: str) -> str:
    """Where a write happens, whatever the fingerprint and the numbers in its path are."""
    return f"{event} {re.sub('[0-9]+', 'N', _KEY.sub('KEY', path))}"


class FullDisk:
    """The disk becomes full at the first write of each kind that was not tried before, and stays full.

    Args:
        folder: on that disk.
        part: a piece of the paths whose writes are tried.
        sites: file with the kinds of writes that were tried, one per line.
        full: file that exists while the disk is full.
    """

    def __init__(self, *, folder: str, part: str, sites: str, full: str) -> None:
        self._folder, self._part = folder, part
        self._sites, self._full = sites, full

    def install(self) -> None:
        """From now on in this process."""
        sys.addaudithook(self._audit)
        for name in ("write", "pwrite"):
            setattr(os, name, self._checked(name, getattr(os, name)))

    def check(self, event: str, path: str) -> None:
        """Raise the error of a full disk if this write fails."""
        if not path.startswith(self._folder):
            return
        if not os.path.exists(self._full):
            site = site_of(event, path[len(self._folder) :])
            if self._part not in f"{path}/" or site in self._tried():
                return
            for name, line in ((self._sites, f"{site}\n"), (self._full, "")):
                with open(name, "a", encoding="utf-8") as file:
                    file.write(line)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            # A file that exists needs no space to be opened.
            if isinstance(path, int) or not flags & _WRITING or os.path.exists(path):
                return
            self.check("open", os.fsdecode(path))
        elif event == "os.mkdir":
            if not os.path.exists(arguments[0]):
                self.check("mkdir", os.fsdecode(arguments[0]))
        elif event == "os.link":
            self.check("link", os.fsdecode(arguments[1]))

    def _checked(self, name: str, original: Callable[..., int]) -> Callable[..., int]:
        def write(descriptor: int, *arguments: Any) -> int:
            try:
                path = os.readlink(f"/proc/self/fd/{descriptor}")
            except OSError:
                path = ""
            self.check(name, path)
            return original(descriptor, *arguments)

        return write

    def _tried(self) -> list[str]:
        if not os.path.exists(self._sites):
            return []
        with open(self._sites, encoding="utf-8") as file:
            return file.read().splitlines()


def jumping_clock(*, seed: int, days: float) -> None:
    """The wall clock is wrong by up to ``days``, and by another amount every half second."""
    real, choice = time.time, random.Random(seed)
    real_times = {name: getattr(time, name) for name in ("localtime", "gmtime")}
    state = {"until": 0.0, "offset": 0.0}

    def now() -> float:
        if time.monotonic() > state["until"]:
            state.update(until=time.monotonic() + 0.5, offset=choice.uniform(-days, days) * 86400)
        return max(0.0, real() + state["offset"])

    time.time = now
    time.time_ns = lambda: int(now() * 1e9)
    for name, original in real_times.items():
        setattr(time, name, lambda seconds=None, original=original: original(now() if seconds is None else seconds))
    original_strftime = time.strftime
    time.strftime = lambda form, moment=None: original_strftime(form, moment or time.localtime())


def _install() -> None:
    settings = json.loads(os.environ["CAMPAIGN_HOOK"])
    kind = settings.pop("kind")
    if kind == "full disk":
        FullDisk(**settings).install()
    elif kind == "clock":
        jumping_clock(**settings)


if "CAMPAIGN_HOOK" in os.environ:
    _install()
