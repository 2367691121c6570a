"""The logs in the folder of a judged stage, read without opening them for calls."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from thoughtrank.judging.execution.executor import RESERVATIONS, VERDICTS
from thoughtrank.judging.protocol import Usage
from thoughtrank.storage.line_log import read_json_lines

_UNREADABLE = (ValueError, KeyError, TypeError)


class LoggedCost(NamedTuple):
    """US dollars.

    Attributes:
        cost: of all verdicts.
        lost: most that attempts without one may have cost in addition.
    """

    cost: float
    lost: float


def logged_cost(folder: Path) -> LoggedCost:
    """What an attempt that was killed has spent in ``folder``; nothing where it has no logs."""
    cost = lost = 0.0
    for row in read_json_lines(folder / VERDICTS):
        with suppress(*_UNREADABLE):
            usage = Usage(**row["usage"])
            cost += usage.cost if usage.is_possible else 0.0
    for row in read_json_lines(folder / RESERVATIONS):
        with suppress(*_UNREADABLE):
            lost += float(row["reserved"])
    return LoggedCost(cost, max(0.0, lost))
