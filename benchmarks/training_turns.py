"""How the contenders of ``training.py`` take turns: the parent lets one of them make one optimizer step at a time.

A contender says when it is at the start of a step and waits for its turn; so a step's time runs from the parent's word to the
contender's next one, and is taken by the same clock for all. Imports nothing of this project: TRL's environment has none of it.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_MARK = "@@training "
_GO, _STOP = "go\n", "stop\n"


class FinishedError(Exception):
    """The parent wants no further step."""


class Turns:
    """The contender's side.

    Args:
        micro_batches: forward passes per optimizer step.
    """

    def __init__(self, *, micro_batches: int = 1) -> None:
        self.micro_batches = micro_batches
        self._passes = 0

    def before_forward_pass(self) -> None:
        """Wait for the turn, where an optimizer step begins with this pass.

        Raises:
            FinishedError: there is none.
        """
        if self._passes % self.micro_batches == 0:
            print(_MARK + json.dumps({"ready": True}), flush=True)
            if sys.stdin.readline() != _GO:
                raise FinishedError
        self._passes += 1


def hand_in(facts: dict[str, Any]) -> None:
    """Give the parent the figures of the whole training, with the peak of memory."""
    print(_MARK + json.dumps({**facts, "peak_bytes": _peak_bytes()}), flush=True)


def _peak_bytes() -> int:
    """Most memory so far: of the GPU where there is one, else of the process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Contender:
    """The parent's side of one contender.

    Args:
        command: starts it.
        log: file for what it says besides.
    """

    def __init__(self, command: list[str], *, log: Path) -> None:
        self.command, self.log = command, log
        self._errors = log.open("w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def wait_until_ready(self) -> None:
        """Return when it stands before its first step."""
        if "ready" not in self._answer():
            raise SystemExit(f"{self.command} made no step")

    def step(self) -> float:
        """Let it make one step, and return the seconds."""
        started = time.perf_counter()
        self._say(_GO)
        if "ready" not in self._answer():
            raise SystemExit(f"{self.command} made too few steps")
        return time.perf_counter() - started

    def finish(self) -> dict[str, Any]:
        """Return what it hands in about the steps it made."""
        self._say(_STOP)
        facts = self._answer()
        self.stop()
        return facts

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word)
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_MARK):
                answer: dict[str, Any] = json.loads(line.removeprefix(_MARK))
                return answer
        raise SystemExit(f"{self.command} ended early:\n{self.log.read_text()[-4000:]}")
