"""How many files and connections this process may have open: the usual limit of 1,024 is too low for that many requests."""

import resource
from contextlib import suppress

_OTHERS = 512
"""Files that are open besides: libraries, tables, logs."""


def allow_open_files(number: int) -> None:
    """Raise this process's own limit so that so many connections can be open, as far as the system's limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + _OTHERS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
