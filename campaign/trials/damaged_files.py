"""A file of every kind, in the run folder and in the cache, is cut at a random byte or emptied; then the run is resumed.

A finished run has all its stages read again (without ``summary.json`` it is not finished). It has to end as the undisturbed one
did. A refusal with a plain message is in order too, if deleting the file, as a user would, then helps.
"""

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from campaign.comparing import differences
from campaign.outcome import Kind, Outcome, TrialInput
from campaign.place import ONE_ROUND, Place, last_line
from campaign.undisturbed import INTERRUPTED

_KEY = re.compile(r"[0-9a-f]{12,}")
_DAMAGES = ("cut", "emptied")


class _Target(NamedTuple):
    """One kind of file.

    Attributes:
        state: the place it is in: ``one`` for the finished run.
        names: relative to the place: in the cache, in the run folder, or both.
    """

    state: str
    names: tuple[Path, ...]

    @property
    def is_side_file(self) -> bool:
        """Whether it stands beside a table or a model, for information."""
        return self.names[0].name.startswith("_")

    @property
    def kind(self) -> str:
        """Its first name, whatever the fingerprint and the numbers in it are."""
        return re.sub("[0-9]+", "N", _KEY.sub("KEY", str(self.names[0])))


def _targets(undisturbed: Path) -> Iterator[_Target]:
    """One file of every kind of the finished run, and of each stage that was interrupted."""
    for state in ("one", *INTERRUPTED):
        place = undisturbed / state
        names: dict[int, list[Path]] = {}
        for path in sorted(path for top in ("cache", "runs") for path in (place / top).rglob("*")):
            if path.is_file() and path.name != "_lock" and path.stat().st_size:
                names.setdefault(path.stat().st_ino, []).append(path.relative_to(place))
        seen = set()
        for each in names.values():
            target = _Target(state, tuple(each))
            is_new = target.kind not in seen and (state == "one" or _is_unfinished(place / each[0]))
            seen.add(target.kind)
            if is_new:
                yield target


def _is_unfinished(path: Path) -> bool:
    """Whether a file belongs to a stage that was interrupted."""
    return "cache" in path.parts and not any((folder / "_done.json").exists() for folder in path.parents)


def _damage(names: Sequence[Path], *, how: str, choice: random.Random) -> None:
    """Cut a file at a random byte, or empty it: under all its names, or under those given only."""
    content = names[0].read_bytes()
    left = content[: choice.randrange(len(content))] if how == "cut" else b""
    for path in names:
        path.unlink()
    names[0].write_bytes(left)
    for path in names[1:]:
        os.link(names[0], path)


def _in_run(target: _Target) -> str:
    """The path of a file in the run folder."""
    return "/".join(target.names[-1].parts[2:])


def _try(trial: TrialInput, target: _Target, *, how: str, choice: random.Random, outcome: Outcome) -> None:
    own = Outcome()
    names = target.names if choice.random() < 0.5 else (choice.choice(target.names),)
    with Place.copied(trial.undisturbed / target.state, trial, outcome=own) as place:
        paths = [place.work.folder / name for name in names]
        _damage(paths, how=how, choice=choice)
        place.forget_times()
        place.settle()
        if target.state == "one" and paths[0].name != "summary.json":
            (place.base / "summary.json").unlink()
        ended = place.run(*ONE_ROUND)
        if ended.status == 2:
            own.note("refused with a plain message")
            # As a user would.
            for path in paths:
                path.unlink(missing_ok=True)
            ended = place.run(*ONE_ROUND)
        if ended.status != 0:
            own.lost.append(f"exit status {ended.status}: {last_line(ended.output)}")
        else:
            found = differences(place.base, trial.undisturbed / "one" / "runs" / "base")
            # What nothing depends on, such as the verdict log of a finished ranking, is not restored.
            stays = [each for each in found if target.is_side_file and each.startswith(_in_run(target))]
            own.lost += [each for each in found if each not in stays]
            for _ in stays:
                own.note("logs that stay cut, while all results are whole")
    where = f"{target.kind} {how} {'in cache and run' if len(names) > 1 else f'as {names[0].parts[0]}/...'}"
    outcome.count("files of finished stages" if target.state == "one" else "files of interrupted stages")
    own.lost = [f"{where}: {each}" for each in own.lost]
    own.tracebacks = [f"{where}: {each}" for each in own.tracebacks]
    outcome.add(own)


def _run(trial: TrialInput) -> Outcome:
    outcome, choice = Outcome(), trial.random("damage")
    for index, target in enumerate(_targets(trial.undisturbed)):
        if index % trial.count == trial.number:
            _try(trial, target, how=choice.choice(_DAMAGES), choice=choice, outcome=outcome)
    return outcome


KIND = Kind("damaged_files", "A file of every kind cut at a random byte, or emptied", 12, _run)
