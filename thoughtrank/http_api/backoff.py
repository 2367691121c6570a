"""How long to wait between two attempts at a request."""

import random

_FIRST_WAIT = 0.5
"""Seconds after the first failure."""

_MOST_DOUBLINGS = 60


def backoff_seconds(failures: int, *, longest: float, retry_after: float | None = None) -> float:
    """Seconds until the next attempt: twice as long after each failure, and never less than the server asks for.

    Shortened at random by up to half, so that threads whose requests failed together spread out.

    Args:
        failures: attempts at this request that have failed, 1 or more.
        longest: upper bound of the backoff, in seconds.
        retry_after: seconds that the server asks to wait, which may be 0; None if it states none.
    """
    backoff = min(longest, _FIRST_WAIT * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)) * random.uniform(0.5, 1.0)
    return max(backoff, retry_after or 0.0)
