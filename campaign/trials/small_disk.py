"""A run on a small disk of its own (a tmpfs) that is full again and again, at a random byte of whatever is written."""

import math
import os
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from campaign.comparing import unfinished_stage
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Place, last_line, wait_until

_SIZE = 256 << 20
_FULL_DISKS = 12
_LEAST, _MOST = 4 << 10, 1 << 19
"""Bytes that are left free."""
_LONGEST = 1.5
"""Seconds from the start of an attempt until the disk is full."""


def _leave_free(disk: Path, free: int) -> None:
    """Fill the disk but for ``free`` bytes; 0 empties the filler."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    if not free:
        return
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    try:
        while (size := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - free) > 0:
            with suppress(OSError):  # the run may write in between
                os.posix_fallocate(descriptor, 0, size)
                return
    finally:
        os.close(descriptor)


def _has_started(log: Path, pid: int) -> bool:
    return log.exists() and f"[{pid}] started" in log.read_text(errors="replace")


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("small disk")
    disk = trial.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(disk)], check=True)
    try:
        with Place(disk / "place", outcome=outcome, outputs=trial.folder) as place:
            for _ in range(_FULL_DISKS):
                _leave_free(disk, 0)
                attempt = place.start(*ONE_ROUND)
                # A disk that is full from the start is refused before anything is done.
                wait_until(partial(_has_started, place.base / "run.log", attempt.pid), attempt)
                time.sleep(choice.uniform(0, _LONGEST))
                _leave_free(disk, int(math.exp(choice.uniform(math.log(_LEAST), math.log(_MOST)))))
                ended = attempt.wait()
                place.ended(ended)
                if ended.status == 0:
                    break
                outcome.count(unfinished_stage(place.cache) or "between stages")
                if ended.status != 2 or "No space left on device" not in ended.output:
                    outcome.lost.append(f"no plain message: exit status {ended.status}: {last_line(ended.output)}")
            _leave_free(disk, 0)
            place.finish(trial.undisturbed / "one", *ONE_ROUND)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    return outcome


KIND = Kind("small_disk", "A small disk (tmpfs) that is full at a random byte", 2, _run, needs_mounts=True)
