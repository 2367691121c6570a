"""What a trial reports, and what a kind of trial is."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """What happened in one trial.

    Attributes:
        tried: how often the thing was tried.
        lost: one sentence for each result that differs from the undisturbed run, and for each piece of finished work that was
            repeated, unreadable or beyond repair.
        paid_twice: judge calls that the server was sent again although their verdict was on disk.
        resent: judge calls that were in flight at a kill, or failed, and were sent again.
        tracebacks: the last line of each traceback that a user would have seen.
        counts: how often by stage, file or fault.
    """

    tried: int = 0
    lost: list[str] = field(default_factory=list)
    paid_twice: int = 0
    resent: int = 0
    tracebacks: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """Count one try."""
        self.tried += 1
        self.note(what)

    def note(self, what: str, times: int = 1) -> None:
        """Count something else than a try."""
        self.counts[what] = self.counts.get(what, 0) + times

    def add(self, other: "Outcome") -> None:
        """Add what another trial, or a part of this one, has found."""
        self.tried += other.tried
        self.lost += other.lost
        self.paid_twice += other.paid_twice
        self.resent += other.resent
        self.tracebacks += other.tracebacks
        for what, times in other.counts.items():
            self.note(what, times)


@dataclass(frozen=True, slots=True)
class TrialInput:
    """What a trial is given.

    Attributes:
        number: of the trial within its kind, from 0.
        count: how many trials the kind has.
        seed: of the whole campaign.
        folder: empty, for the trial alone.
        undisturbed: the folder of the runs that trials are compared with.
    """

    number: int
    count: int
    seed: int
    folder: Path
    undisturbed: Path

    def random(self, name: str) -> random.Random:
        """The source of every random choice of this trial."""
        return random.Random(f"{self.seed}/{name}/{self.number}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trial.

    Attributes:
        name: of its module.
        title: its row in the table.
        count: number of trials.
        run: does one trial.
        needs_mounts: it mounts file systems, in a namespace of its own.
        compares: it needs the undisturbed runs.
    """

    name: str
    title: str
    count: int
    run: Callable[[TrialInput], Outcome]
    needs_mounts: bool = False
    compares: bool = True
