"""Progress bars: what is done, how fast, and how long the rest will take."""

import sys
from typing import NoReturn

from tqdm import tqdm


def progress_bar(
    *, description: str, total: int, done: int, unit: str, shown: bool = True, columns: int = 100
) -> "tqdm[NoReturn]":
    """A bar that shows rate and time left; in a file or a pipe it writes a line now and then instead of redrawing.

    Args:
        description: the round and the stage.
        total: units of work in all.
        done: units found finished already; they do not count for the rate.
        unit: its name.
        columns: width of the lines in a file or a pipe.
        shown: False for a bar that another process shows already.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=unit,
        mininterval=0.2 if terminal else 20.0,
        dynamic_ncols=terminal,
        ncols=None if terminal else columns,
        smoothing=0.1,
        disable=not shown,
    )
