"""Terminals and pipes of any encoding."""

import io
import sys


def escape_unprintable() -> None:
    """From now on print characters that the terminal's encoding lacks as escapes such as ``\\xe9``; Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def read_any_input() -> None:
    """From now on read what is no text in the terminal's encoding with replacement characters; ASCII is read as UTF-8."""
    stream = sys.stdin
    if isinstance(stream, io.TextIOWrapper):
        is_ascii = stream.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968", "646")
        stream.reconfigure(encoding="utf-8" if is_ascii else None, errors="replace")
