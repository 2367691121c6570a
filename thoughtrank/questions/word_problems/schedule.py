"""Difficulty that rises by round: other largest operands and numbers of steps for the training problems of later rounds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

MAX_NUMBER_BOUNDS = (10, 100)
Schedule = Sequence[Mapping[str, int]]
"""Settings of rounds 1, 2 and so on; the last ones are those of all later rounds."""


class Difficulty(NamedTuple):
    """Settings of the problems.

    Attributes:
        max_number: largest operand.
        max_steps: most calculations in one problem.
    """

    max_number: int
    max_steps: int

    def faults(self, *, where: str) -> list[str]:
        """What is out of range; ``where`` is the config key that it stands in."""
        faults = []
        low, high = MAX_NUMBER_BOUNDS
        if not low <= self.max_number <= high:
            faults.append(f"{where}.max_number is {self.max_number}: give a number from {low} to {high}")
        if self.max_steps not in (1, 2):
            faults.append(f"{where}.max_steps is {self.max_steps}: give 1 or 2")
        return faults


def difficulty(schedule: Schedule, *, round_number: int, otherwise: Difficulty) -> Difficulty:
    """That of the training problems of a round, from 1 on.

    Args:
        schedule: what changes by round; empty for nothing.
        round_number: of the run.
        otherwise: what the schedule leaves out.
    """
    if not schedule:
        return otherwise
    entry = schedule[min(round_number, len(schedule)) - 1]
    return Difficulty(
        max_number=entry.get("max_number", otherwise.max_number), max_steps=entry.get("max_steps", otherwise.max_steps)
    )


def schedule_faults(schedule: Schedule, *, otherwise: Difficulty) -> list[str]:
    """Unknown keys, and settings out of range."""
    faults = []
    for index, entry in enumerate(schedule):
        where = f"questions.schedule.{index}"
        unknown = sorted(set(entry) - set(Difficulty._fields))
        faults += [f"{where}.{key}: unknown key; give max_number or max_steps" for key in unknown]
        faults += difficulty(schedule, round_number=index + 1, otherwise=otherwise).faults(where=where)
    return faults
