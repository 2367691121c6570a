"""Everything the program prints: without secrets, control characters and lone surrogates, whoever wrote the text.

No other module calls ``print``. Progress bars are in ``progress.py``.
"""

import os
import sys
import traceback
from collections.abc import Iterable

from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import redacted


def print_text(text: str = "", *, end: str = "\n") -> None:
    """Print to standard output, at once."""
    print(_shown(text), end=end, flush=True)


def print_dimmed(text: str, *, end: str = "\n") -> None:
    """Print to standard output, dimmed where that is a terminal and NO_COLOR is not set."""
    styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    shown = _shown(text)
    print(f"\x1b[2m{shown}\x1b[22m" if styled else shown, end=end, flush=True)


def print_warning(text: str) -> None:
    """Print a warning as one line to standard error, at once: a quoted text cannot begin a line of its own."""
    print(f"warning: {_shown(text)}".replace("\n", "\\n"), file=sys.stderr, flush=True)


def print_faults(faults: Iterable[str]) -> None:
    """Print what the user has to fix to standard error."""
    for fault in faults:
        print(f"error: {_shown(fault)}", file=sys.stderr, flush=True)


def print_error(text: str) -> None:
    """Print to standard error, at once."""
    print(_shown(text), file=sys.stderr, flush=True)


def print_traceback() -> None:
    """Print the exception that is being handled, which is a bug, to standard error."""
    print_error(traceback.format_exc())


def _shown(text: str) -> str:
    return printable(redacted(text))
