"""A process that compares mathematical answers with math-verify, within hard limits: ``python -m`` this module.

One line of JSON on standard input is a comparison, ``[reference, answer]``; one word on standard output is its result. The
library is imported once. A child process, forked after the import, does the comparing; where a comparison exceeds a limit,
the kernel ends the child, and the next one is forked at once. The limits hold even inside a single big operation, which the
library's own time-out, a signal handler of Python, cannot interrupt.
"""

import contextlib
import json
import os
import resource
import signal
import sys
from fractions import Fraction
from typing import BinaryIO

EQUAL, DIFFERENT, LIMIT = "equal", "different", "limit"
"""Results; ``LIMIT`` is a comparison that took too much time or memory."""

_RELATIVE = Fraction(1, 10**6)
"""Of two decimals that the library calls equal because it rounds them to 6 places."""


def main() -> None:
    """Compare until standard input ends."""
    seconds, megabytes = int(sys.argv[1]), int(sys.argv[2])
    # A child must not lose lines that another has read ahead.
    requests = os.fdopen(0, "rb", buffering=0)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints is no result
    # Imported once, for all children.
    import math_verify  # noqa: F401

    import thoughtrank.evaluation.exact_math  # noqa: F401

    while True:
        child = os.fork()
        if child == 0:
            _limit_memory(megabytes)
            _serve(requests, replies, seconds=seconds)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            return
        # The client may have left by now.
        with contextlib.suppress(BrokenPipeError):
            replies.write(LIMIT.encode() + b"\n")


def _limit_memory(megabytes: int) -> None:
    limit = megabytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with contextlib.suppress(ValueError, OSError):  # a system without this limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _serve(requests: BinaryIO, replies: BinaryIO, *, seconds: int) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for line in requests:
        # CPU time, not wall time: the result does not depend on what else the machine does.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        reference, answer = json.loads(line)
        result = _compare(reference, answer)
        signal.setitimer(signal.ITIMER_PROF, 0)
        replies.write(result.encode() + b"\n")


def _compare(reference: str, answer: str) -> str:
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

    from thoughtrank.evaluation.exact_math import is_close_in_size, is_equal_where_real

    try:
        wanted = parse(
            f"${reference}$",
            [LatexExtractionConfig(), ExprExtractionConfig()],
            fallback_mode="no_fallback",
            parsing_timeout=0,
            raise_on_error=True,
        )
        given = parse(
            f"${answer}$",
            [LatexExtractionConfig()],
            fallback_mode="no_fallback",
            parsing_timeout=0,
            raise_on_error=True,
        )
        if not wanted or not given:
            return DIFFERENT
        if verify(wanted, given, timeout_seconds=0, raise_on_error=True):
            return EQUAL if _is_close(wanted[0], given[0]) and is_close_in_size(wanted[0], given[0]) else DIFFERENT
        return EQUAL if is_equal_where_real(wanted[0], given[0]) else DIFFERENT
    except (MemoryError, RecursionError):
        return LIMIT
    except Exception:
        # The library raises whatever sympy raises on text that is no mathematics.
        return DIFFERENT


def _is_close(wanted: object, given: object) -> bool:
    """Whether two decimals are also equal relative to their size; True for anything else."""
    from sympy import Float

    if not isinstance(wanted, Float) and not isinstance(given, Float):
        return True
    try:
        first, second = Fraction(str(wanted)), Fraction(str(given))
    except (ValueError, ZeroDivisionError):
        return True
    return abs(first - second) <= _RELATIVE * abs(first)


if __name__ == "__main__":
    main()
