"""How the contenders of ``training.py`` take turns: the parent process lets one of them run one optimizer step at a time.

A contender reports when it reaches the start of a step, and waits. A step's time runs from the parent's message to the
contender's next report, on the parent's clock for all. Imports nothing from this project, which TRL's environment lacks.
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
    """The parent requests no further step."""


class Turns:
    """The contender's side.

    Args:
        micro_batches: forward passes per optimizer step.
    """

    def __init__(self, *, micro_batches: int = 1) -> None:
        self.micro_batches = micro_batches
        self._passes = 0

    def before_forward_pass(self) -> None:
        """Wait for the turn if an optimizer step starts with this forward pass.

        Raises:
            FinishedError: the parent requests no further step.
        """
        if self._passes % self.micro_batches == 0:
            print(_MARK + json.dumps({"ready": True}), flush=True)
            if sys.stdin.readline() != _GO:
                raise FinishedError
        self._passes += 1


def send_results(facts: dict[str, Any]) -> None:
    """Send the parent the results of the training run, with its peak memory."""
    print(_MARK + json.dumps({**facts, "peak_bytes": _peak_bytes()}), flush=True)


def _peak_bytes() -> int:
    """Peak memory so far, of the GPU or else of this process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Contender:
    """The parent's side of one contender.

    Args:
        command: its command line.
        log: file for its stderr.
    """

    def __init__(self, command: list[str], *, log: Path) -> None:
        self.command, self.log = command, log
        self._errors = log.open("w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def wait_until_ready(self) -> None:
        """Wait until it is ready for its first step."""
        if "ready" not in self._receive():
            raise SystemExit(f"{self.command} ran no step")

    def step(self) -> float:
        """Run one step, and return its seconds."""
        started = time.perf_counter()
        self._send(_GO)
        if "ready" not in self._receive():
            raise SystemExit(f"{self.command} ran too few steps")
        return time.perf_counter() - started

    def finish(self) -> dict[str, Any]:
        """End the training, and return its results."""
        self._send(_STOP)
        facts = self._receive()
        self.stop()
        return facts

    def stop(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _send(self, message: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(message)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_MARK):
                received: dict[str, Any] = json.loads(line.removeprefix(_MARK))
                return received
        raise SystemExit(f"{self.command} ended early:\n{self.log.read_text()[-4000:]}")
