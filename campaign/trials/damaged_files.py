"""A file of every kind, in the run folder and in the cache, is cut at a random byte or emptied; then the run is resumed.

A finished run has all its stages read again (without ``summary.json`` it is not finished). It has to end as the undisturbed one
did. A refusal with a plain message is in order too, if deleting the file, as a user would, then helps.
"""

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from campaign.comparing import differences
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Ended, Place, last_line
from campaign.undisturbed import INTERRUPTED

_KEY = re.compile(r"[0-9a-f]{12,}")
_DAMAGES = ("cut", "emptied")


class _Target(NamedTuple):
    """One kind of file.

    Attributes:
        state: the place it is in: ``one`` for the finished run.
        path: relative to the place.
        is_shared: it has a second name, in the run folder or the cache.
    """

    state: str
    path: Path
    is_shared: bool


def _kind_of(path: Path) -> str:
    return re.sub("[0-9]+", "N", _KEY.sub("KEY", str(path)))


def _targets(undisturbed: Path) -> Iterator[_Target]:
    """One file of every kind: of the finished run under each of its names, and of stages that were interrupted."""
    for state in ("one", *INTERRUPTED):
        seen = set()
        place = undisturbed / state
        for top in ("cache", "runs"):
            for path in sorted((place / top).rglob("*")):
                relative = path.relative_to(place)
                if not path.is_file() or path.name == "_lock" or _kind_of(relative) in seen or not path.stat().st_size:
                    continue
                if state != "one" and (top == "runs" or (path.parent / "_done.json").exists()):
                    continue
                seen.add(_kind_of(relative))
                yield _Target(state, relative, path.stat().st_nlink > 1)


def _damage(path: Path, *, how: str, in_place: bool, choice: random.Random) -> None:
    """Cut a file at a random byte, or empty it; ``in_place`` under all its names."""
    content = path.read_bytes()
    left = content[: choice.randrange(len(content))] if how == "cut" else b""
    if in_place:
        os.truncate(path, len(left))
    else:
        path.unlink()
        path.write_bytes(left)


def _try(trial: TrialInput, target: _Target, *, how: str, choice: random.Random, outcome: Outcome) -> None:
    own = Outcome()
    with Place.copied(trial.undisturbed / target.state, trial, outcome=own) as place:
        path = place.work.folder / target.path
        in_place = not target.is_shared or choice.random() < 0.5
        _damage(path, how=how, in_place=in_place, choice=choice)
        place.forget_times()
        place.settle()
        if target.state == "one" and path.name != "summary.json":
            (place.base / "summary.json").unlink()
        ended = place.run(*ONE_ROUND)
        if ended.status == 2:
            ended = _after_deleting(place, path, target, in_place=in_place)
            own.counts["refused with a plain message"] += 1
        if ended.status != 0:
            own.lost.append(f"exit status {ended.status}: {last_line(ended.output)}")
        else:
            own.lost += differences(place.base, trial.undisturbed / "one" / "runs" / "base")
    where = f"{_kind_of(target.path)} {how}{'' if target.state == 'one' else f' in {target.state}'}"
    where += " under both names" if target.is_shared and in_place else ""
    outcome.count("files of finished stages" if target.state == "one" else "files of interrupted stages")
    outcome.counts += own.counts
    outcome.lost += [f"{where}: {each}" for each in own.lost]
    outcome.tracebacks += [f"{where}: {each}" for each in own.tracebacks]
    outcome.paid_twice += own.paid_twice
    outcome.resent += own.resent


def _after_deleting(place: Place, path: Path, target: _Target, *, in_place: bool) -> Ended:
    """Delete the file, under all its names if all are damaged, and resume."""
    names = [path]
    if in_place and target.is_shared:
        inode = path.stat().st_ino
        names = [each for each in place.work.folder.rglob("*") if each.is_file() and each.stat().st_ino == inode]
    for each in names:
        each.unlink()
    return place.run(*ONE_ROUND)


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("damage")
    for index, target in enumerate(_targets(trial.undisturbed)):
        if index % trial.count == trial.number:
            for how in _DAMAGES:
                _try(trial, target, how=how, choice=choice, outcome=outcome)
    return outcome


KIND = Kind("damaged_files", "A file of every kind cut at a random byte, or emptied", 12, _run)
