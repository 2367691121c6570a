"""Only the training process is killed, as the kernel does when memory runs out; then the command is given again."""

import os
import signal
import time
from functools import partial
from pathlib import Path

from forked_rank import START_RANKS

from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Attempt, Place, last_line, wait_until

KILLS = 3
_STARTUP = 6.0
"""Seconds from the start of the training process to its last step, about."""


def _trainers(parent: int) -> list[int]:
    """Training processes that this process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"thoughtrank.finetuning" in command:
            found.append(int(path.parent.name))
    return found


def _has_trainer(attempt: Attempt) -> bool:
    return bool(_trainers(attempt.pid))


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("trainer")
    with Place.copied(trial.undisturbed / "training", trial, outcome=outcome) as place:
        # A training process that the fork server starts is a child of that server.
        place.environment[START_RANKS] = "1"
        for _ in range(KILLS):
            attempt = place.start(*ONE_ROUND)
            if not wait_until(partial(_has_trainer, attempt), attempt):
                place.ended(attempt.wait())
                break
            time.sleep(choice.uniform(0, _STARTUP))
            found = _trainers(attempt.pid)
            if not found:
                place.ended(attempt.wait())
                break
            os.kill(found[0], signal.SIGKILL)
            ended = attempt.wait()
            place.ended(ended)
            outcome.count("training")
            if ended.status != 2 or "error: training" not in ended.output:
                outcome.lost.append(f"no plain message: exit status {ended.status}: {last_line(ended.output)}")
        place.finish(trial.undisturbed / "one", *ONE_ROUND)
    return outcome


KIND = Kind("trainer_killed", "SIGKILL of the training process alone, as when memory runs out", 3, _run)
