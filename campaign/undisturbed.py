"""The undisturbed runs that trials are compared with, and runs that were stopped midway for trials to begin from."""

import shutil
from functools import partial
from pathlib import Path

from campaign.outcome import Outcome
from campaign.place import ONE_ROUND, TWO_ROUNDS, Place, last_line, wait_until

INTERRUPTED = {
    "generation": "cache/candidates/*/part-00000.parquet",
    "ranking": "cache/rankings/*/_reservations.jsonl",
    "training": "cache/models/*/_checkpoint/step-*/manifest.json",
}
"""Stage to what exists as soon as it is under way."""


def prepare(folder: Path) -> None:
    """Make ``one`` and ``two`` (finished runs of so many rounds), and one place per entry of ``INTERRUPTED``.

    Raises:
        RuntimeError: an undisturbed run fails, or pays for something twice; the campaign would prove nothing.
    """
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for name, overrides in (("one", ONE_ROUND), ("two", TWO_ROUNDS)):
        outcome = Outcome()
        with Place(folder / name, outcome=outcome) as place:
            ended = place.run(*overrides)
        if ended.status != 0 or outcome.paid_twice or outcome.tracebacks:
            raise RuntimeError(f"the undisturbed run failed: {last_line(ended.output)} {outcome}")
    for stage, pattern in INTERRUPTED.items():
        with Place(folder / stage, outcome=Outcome()) as place:
            attempt = place.start(*ONE_ROUND)
            under_way = wait_until(partial(_exists, place.work.folder, pattern), attempt)
            attempt.kill()
        if not under_way:
            raise RuntimeError(f"the run could not be stopped in {stage}")
    (folder / "done").touch()


def _exists(folder: Path, pattern: str) -> bool:
    return any(folder.glob(pattern))
