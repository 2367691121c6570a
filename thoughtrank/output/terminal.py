"""Everything the program prints: without secrets, control characters and lone surrogates, whoever wrote the text.

No other module calls ``print``. Progress bars are in ``progress.py``. A program that reads the output and ends, such as
``head``, ends this one as well: all functions raise ``OutputClosed`` then.
"""

import os
import re
import signal
import sys
import textwrap
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import redacted


class OutputClosed(SystemExit):
    """Nobody reads the output any more. Exit status 141, as for SIGPIPE."""

    def __init__(self) -> None:
        super().__init__(141)

    def __str__(self) -> str:
        return "the program that read the output has ended"


@contextmanager
def ended_by_closed_output(*, active: bool) -> Iterator[None]:
    """Inside of it, the process ends with status 141 as soon as nobody reads what a library prints.

    Args:
        active: False changes nothing; true only where ending at once loses nothing.
    """
    if not active:
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        try:
            yield
        finally:  # a library that has printed may end the program itself
            sys.stdout.flush()
    finally:
        signal.signal(signal.SIGPIPE, before)


def print_text(text: str = "", *, end: str = "\n") -> None:
    """Print to standard output, at once."""
    _write(_shown(text), end=end)


def print_plan(text: str) -> None:
    """Print lines of a label and a text each, at once: on a terminal that is too narrow, a line goes on below its text."""
    columns = terminal_columns(sys.stdout)
    _write("\n".join(_hanging(line, columns=columns) if columns else line for line in _shown(text).split("\n")))


def _hanging(line: str, *, columns: int) -> str:
    """A line in as few lines as fit, the later ones indented as far as the text after the first line's label."""
    found = re.match(r" {2}\S+( \S+)* {2,}| +", line)
    indent = " " * len(found[0] if found else "  ")
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def terminal_columns(stream: TextIO) -> int | None:
    """Columns of the terminal that a stream writes to: 0 where the terminal has no size, None for a file or a pipe."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return None


def print_dimmed(text: str, *, end: str = "\n") -> None:
    """Print to standard output, dimmed where that is a terminal and NO_COLOR is not set."""
    styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    shown = _shown(text)
    _write(f"\x1b[2m{shown}\x1b[22m" if styled else shown, end=end)


def print_warning(text: str) -> None:
    """Print a warning as one line to standard error, at once: a quoted text cannot begin a line of its own."""
    _write(f"warning: {_shown(text)}".replace("\n", "\\n"), stream=sys.stderr)


def print_faults(faults: Iterable[str]) -> None:
    """Print what the user has to fix to standard error."""
    for fault in faults:
        _write(f"error: {_shown(fault)}", stream=sys.stderr)


def print_error(text: str) -> None:
    """Print to standard error, at once."""
    _write(_shown(text), stream=sys.stderr)


def print_traceback() -> None:
    """Print the exception that is being handled, which is a bug, to standard error."""
    print_error(traceback.format_exc())


def _write(text: str, *, stream: TextIO | None = None, end: str = "\n") -> None:
    stream = sys.stdout if stream is None else stream
    try:
        print(text, end=end, file=stream, flush=True)
    except BrokenPipeError:
        _end(stream)


def _end(stream: TextIO) -> NoReturn:
    # What is still buffered is written when the interpreter ends, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if stream is not sys.stderr:
        print_error(f"{OutputClosed()}, and so does this one; finished work is kept")
    raise OutputClosed


def _shown(text: str) -> str:
    return printable(redacted(text))
