"""The cache is on a file system that is mounted read-only: from the start, in the middle of a run, and after its end."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Ended, Place, last_line

_FROM = ("generation", "training")


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _check_refused(ended: Ended, outcome: Outcome) -> None:
    if ended.status != 2 or "cache_dir" not in ended.output:
        outcome.lost.append(f"no plain message: exit status {ended.status}: {last_line(ended.output)}")


def _run(trial: TrialInput) -> Outcome:
    outcome, begun = Outcome(), _FROM[trial.number]
    source = trial.undisturbed / begun
    with Place.copied(source, trial, outcome=outcome) as place:
        with _read_only(place.cache):
            _check_refused(place.run(*ONE_ROUND), outcome)
            outcome.count(begun)
        place.finish(trial.undisturbed / "one", *ONE_ROUND)
        with _read_only(place.cache):
            ended = place.run(*ONE_ROUND)
            outcome.count("finished")
            if ended.status != 0 or "is finished already" not in ended.output:
                outcome.lost.append(f"a finished run is not read: {last_line(ended.output)}")
    return outcome


KIND = Kind("read_only_cache", "A cache that is read-only", len(_FROM), _run, needs_mounts=True)
