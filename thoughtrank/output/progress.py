"""Progress of a stage: a bar on a terminal, and in a log file or a notebook one line per ten per cent."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from tqdm import tqdm

from thoughtrank.output.printable import printable
from thoughtrank.output.terminal import print_error, terminal_columns

_LINE = "{desc}: {percentage:3.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"


class Progress(Protocol):
    """What stages use of a tqdm bar, and what stands in for it outside a terminal.

    Attributes:
        n: units of work that are done.
        total: units of work; it may grow.
    """

    n: float
    total: float | None

    def update(self, n: float = 1) -> object:
        """Add ``n`` units of work."""

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """Replace the text at the end."""

    def close(self) -> None:
        """Show the last state."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


def progress_bar(
    *, description: str, total: int, done: int, unit: str, shown: bool = True, columns: int = 100
) -> Progress:
    """A bar with rate and remaining time; in a file, a pipe or a notebook a line per ten per cent instead of a redrawn one.

    Args:
        description: round and stage.
        total: units of work.
        done: units that were complete at the start; they do not count towards the rate.
        unit: name of a unit.
        columns: most characters of a line in a file, or on a terminal that has no size.
        shown: False where another process shows the bar.
    """
    if shown and not sys.stderr.isatty():
        return ProgressLines(
            description=printable(description), total=total, done=done, unit=printable(unit), columns=columns
        )
    return tqdm(
        total=total,
        initial=done,
        desc=printable(description),
        unit=printable(unit),
        mininterval=0.2,
        # A terminal whose size nobody has set has no columns, and tqdm would show nothing.
        dynamic_ncols=terminal_columns(sys.stderr) != 0,
        ncols=columns if terminal_columns(sys.stderr) == 0 else None,
        smoothing=0.1,
        disable=not shown,
    )


class ProgressLines:
    """Whole lines on standard error, without carriage returns: one whenever another tenth of the work is done."""

    def __init__(self, *, description: str, total: int, done: int, unit: str, columns: int) -> None:
        self.n: float = done
        self.total: float | None = total
        self._description = description
        self._unit = unit
        self._columns = columns
        self._initial = done
        self._postfix = ""
        self._started = time.monotonic()
        self._printed = (float(done), self._tenths())

    def update(self, n: float = 1) -> None:
        """See ``Progress``."""
        self.n += n
        if self._tenths() > self._printed[1]:
            self._print()

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """See ``Progress``. It is in the next line, whatever ``refresh`` says."""
        self._postfix = s

    def close(self) -> None:
        """See ``Progress``. Nothing if that has a line already."""
        if self.n != self._printed[0]:
            self._print()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _tenths(self) -> int:
        return int(10 * self.n / self.total) if self.total else 0

    def _print(self) -> None:
        # A total that grows makes the fraction fall; a tenth that has its line gets no second one.
        self._printed = (self.n, max(self._tenths(), self._printed[1]))
        line = tqdm.format_meter(
            n=self.n,
            total=max(self.total or 0, self.n),  # format_meter has no percentage of more than the total
            elapsed=time.monotonic() - self._started,
            prefix=self._description,
            unit=self._unit,
            postfix=self._postfix,
            initial=self._initial,
            bar_format=_LINE,
        )
        print_error(line[: self._columns])
