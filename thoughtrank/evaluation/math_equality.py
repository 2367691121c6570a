"""Whether two mathematical answers are equal: asks math-verify in a process of its own, and remembers every result.

A comparison has hard limits of time and memory. One that exceeds them counts as different, and is counted.
"""

import atexit
import contextlib
import json
import os
import re
import select
import signal
import subprocess
from functools import cache, lru_cache
from threading import Lock

from thoughtrank.evaluation.math_worker import EQUAL, LIMIT
from thoughtrank.output.redaction import child_environment
from thoughtrank.process.child_module import module_command

_CPU_SECONDS = 5
"""For one comparison; a typical one takes 0.01 s."""
_MEGABYTES = 2048
_WALL_SECONDS = 300
"""A worker that is silent for so long is ended; only a machine without any free processor gets here."""
_LONGEST = 400
"""Characters; a longer text is no answer, and parsing takes long."""
_BASE = re.compile(r"[0-9]_\{?([0-9]+)\}?\s*$")


def math_equal(reference: str, answer: str) -> bool:
    """Whether ``answer`` is mathematically equal to ``reference``: numbers, formulas, sets, intervals, tuples, matrices.

    Both are LaTeX or plain text without ``$``. Not symmetric: an answer may leave out the ``x =`` of the reference.
    """
    if not answer.strip() or max(len(reference), len(answer)) > _LONGEST:
        return False
    bases = [match[1] for match in map(_BASE.search, (reference, answer)) if match]
    # The library drops the base of a number.
    return len(set(bases)) < 2 and _compared(reference.strip(), answer.strip()) == EQUAL


def comparisons_over_limit() -> int:
    """How many comparisons of this process exceeded a limit, and count as different."""
    return _worker().over_limit


@lru_cache(maxsize=200_000)
def _compared(reference: str, answer: str) -> str:
    return _worker().compare(reference, answer)


class MathWorker:
    """The client side of ``math_worker``; started by the first comparison. Threads take turns.

    Args:
        cpu_seconds: limit of one comparison.
        megabytes: of memory, of the process that compares.

    Attributes:
        over_limit: comparisons that exceeded a limit.
    """

    def __init__(self, *, cpu_seconds: int = _CPU_SECONDS, megabytes: int = _MEGABYTES) -> None:
        self.over_limit = 0
        self._limits = [str(cpu_seconds), str(megabytes)]
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()

    def compare(self, reference: str, answer: str) -> str:
        """The result: one of those of ``math_worker``.

        Raises:
            RuntimeError: the process ended, or cannot start.
        """
        with self._lock:
            if self._owner != os.getpid():  # after a fork, the worker is the parent's
                self._process, self._owner = None, os.getpid()
            result = self._ask(json.dumps([reference, answer]).encode() + b"\n")
            self.over_limit += result == LIMIT
            return result

    def close(self) -> None:
        """End the process. It ends by itself, too, once this one is gone."""
        if self._process is not None and self._owner == os.getpid():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
        self._process = None

    def _ask(self, request: bytes) -> str:
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], _WALL_SECONDS)
            line = process.stdout.readline() if ready else b"\n"
        except BrokenPipeError:
            line = b""
        if not line:
            code = process.wait()
            self._process = None
            raise RuntimeError(f"the process that compares answers (math-verify) ended with exit status {code}")
        result = line.decode().strip()
        if not result:
            self.close()
            return LIMIT
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            module_command("thoughtrank.evaluation.math_worker", *self._limits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=child_environment(),
            start_new_session=True,  # Ctrl-C is for the run; it ends the worker by ending itself
        )
        atexit.register(self.close)
        return self._process


@cache
def _worker() -> MathWorker:
    return MathWorker()
