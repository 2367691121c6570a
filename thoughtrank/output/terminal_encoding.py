"""Output to terminals of any encoding."""

import io
import sys


def escape_unprintable() -> None:
    """From now on print characters that the terminal's encoding lacks as escapes such as ``\\xe9``; Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
