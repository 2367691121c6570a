"""Progress bars: completed work, rate and remaining time."""

import sys
from typing import NoReturn

from tqdm import tqdm

from thoughtrank.output.printable import printable


def progress_bar(
    *, description: str, total: int, done: int, unit: str, shown: bool = True, columns: int = 100
) -> "tqdm[NoReturn]":
    """A bar with rate and remaining time; into a file or pipe it prints a line every 20 seconds instead of redrawing.

    Args:
        description: round and stage.
        total: units of work.
        done: units that were complete at the start; they do not count towards the rate.
        unit: name of a unit.
        columns: width of the lines in a file or pipe.
        shown: False where another process shows the bar.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        initial=done,
        desc=printable(description),
        unit=printable(unit),
        mininterval=0.2 if terminal else 20.0,
        dynamic_ncols=terminal,
        ncols=None if terminal else columns,
        smoothing=0.1,
        disable=not shown,
    )
