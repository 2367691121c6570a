"""The logs in the folder of a judged stage, read without opening them for calls: their cost, and verdicts for another stage."""

import json
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from thoughtrank.judging.execution.executor import RESERVATIONS, VERDICTS
from thoughtrank.judging.protocol import Usage
from thoughtrank.storage.files import copy_file, sync
from thoughtrank.storage.line_log import LineLog, read_json_lines

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


def take_over_verdicts(source: Path, target: Path, *, question_ids: Container[str]) -> None:
    """Copy the verdicts on some questions from one stage's folder to another's, which may have some of them already.

    Args:
        source: folder of a stage that asks the same of the same judge.
        target: folder of the stage that is to begin with them.
        question_ids: the questions that it asks about.
    """
    if not (source / VERDICTS).exists():
        return
    known: set[str] = set()

    def remember(line: bytes) -> None:
        known.add(json.loads(line)["key"])

    log = LineLog(target / VERDICTS, read=remember)
    try:
        with (source / VERDICTS).open("rb") as lines:
            for line in lines:
                with suppress(*_UNREADABLE):
                    row = json.loads(line)
                    if row["question_id"] in question_ids and row["key"] not in known:
                        log.append(line.rstrip(b"\n"))
                        known.add(row["key"])
    finally:
        log.close()
    sync(target / VERDICTS)
    if (source / RESERVATIONS).exists() and not (target / RESERVATIONS).exists():
        copy_file(source / RESERVATIONS, target / RESERVATIONS)
