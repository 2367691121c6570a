"""Contenders of ``generation.py`` that run in their own process, possibly in another Python environment."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from generation_contenders import Generate, Rate
from generation_worker import MARK


class ContenderProcess:
    """A contender in its own process, which is stopped (SIGSTOP) during the turns of others: some libraries busy-wait.

    Args:
        python: the interpreter.
        job: input of ``generation_worker.py``.
        end: token that ends a reply and is not counted; None without natural stops.
        seconds: time limit of one turn, after which the process is killed.

    Raises:
        RuntimeError: it does not run; the message is the last error it printed.
    """

    def __init__(self, python: str, job: dict[str, Any], *, end: int | None, seconds: float) -> None:
        script = Path(__file__).with_name("generation_worker.py")
        pipe = subprocess.PIPE
        # Its own process group, so that signals reach the workers it starts.
        self._process = subprocess.Popen(
            [python, str(script)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, process_group=0
        )
        self._errors: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()
        self._seconds = seconds
        self._end = end
        self._new_tokens = job["new_tokens"]
        self._number = len(job["prompts"])
        self.facts = self._ask(json.dumps(job))

    def _drain(self) -> None:
        for line in self._process.stderr or ():
            self._errors = [*self._errors[-20:], line.strip()]

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._signal(signal.SIGCONT)
        timer = threading.Timer(self._seconds, self._signal, [signal.SIGKILL])
        timer.start()
        try:
            print(line, file=self._process.stdin, flush=True)
            for answer in self._process.stdout:
                if answer.startswith(MARK):
                    return json.loads(answer.removeprefix(MARK))
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
            self._signal(signal.SIGSTOP)
        message = next((line for line in reversed(self._errors) if "Error" in line), "time limit exceeded")
        raise RuntimeError(message[:200])

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def rate(self) -> Rate:
        """Decode all prompts once."""
        answer = self._ask("go")
        outputs = [tokens[:-1] if tokens and tokens[-1] == self._end else tokens for tokens in answer["tokens"]]
        if len(outputs) != self._number:
            raise RuntimeError(f"Error: {len(outputs)} of {self._number} requests returned")
        if self._end is None and any(len(tokens) != self._new_tokens for tokens in outputs):
            raise RuntimeError(f"Error: not every request has {self._new_tokens} tokens")
        return sum(map(len, outputs)) / answer["seconds"]

    def close(self) -> None:
        """Let the process exit."""
        self._signal(signal.SIGCONT)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)


def start_process(backend: str, *, generate: Generate, folder: Path, options: argparse.Namespace) -> ContenderProcess:
    """Start a contender.

    Raises:
        RuntimeError: it does not run; the message is one line.
    """
    prompts, workload = generate.prompts(), generate.workload
    job = {
        "backend": backend,
        "model": str(folder),
        "dtype": options.dtype,
        "device": options.device,
        "prompts": prompts,
        "new_tokens": workload.new_tokens,
        "stops": workload.stops,
        "context": max(map(len, prompts)) + workload.new_tokens + 16,
    }
    python = options.vllm_python if backend == "vllm" else sys.executable
    process = ContenderProcess(python, job, end=generate.end if workload.stops else None, seconds=options.turn_seconds)
    print(f"{backend}: {process.facts['about']}")
    return process
