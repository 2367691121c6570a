"""Contenders of ``generation.py`` in a process, and perhaps an environment, of their own."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from generation_child import MARK
from generation_contenders import Generate, Rate


class Child:
    """A contender in a process of its own, which stands still while others have their turn: some wait by spinning.

    Args:
        python: that runs it.
        job: what ``generation_child.py`` reads.
        end: the token that ends a turn and is not counted; None where turns do not end.
        seconds: most of one turn; then the process is ended.

    Raises:
        RuntimeError: it does not run; the message is its own last error.
    """

    def __init__(self, python: str, job: dict[str, Any], *, end: int | None, seconds: float) -> None:
        script = Path(__file__).with_name("generation_child.py")
        pipe = subprocess.PIPE
        # A group of its own, so that the workers it starts stand still with it.
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
        said = next((line for line in reversed(self._errors) if "Error" in line), "it took too long")
        raise RuntimeError(said[:200])

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def rate(self) -> Rate:
        """Decode everything."""
        answer = self._ask("go")
        written = [tokens[:-1] if tokens and tokens[-1] == self._end else tokens for tokens in answer["tokens"]]
        if len(written) != self._number:
            raise RuntimeError(f"Error: {len(written)} of {self._number} requests came back")
        if self._end is None and any(len(tokens) != self._new_tokens for tokens in written):
            raise RuntimeError(f"Error: not every request got its {self._new_tokens} tokens")
        return sum(map(len, written)) / answer["seconds"]

    def close(self) -> None:
        """End the process."""
        self._signal(signal.SIGCONT)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)


def start_child(backend: str, *, generate: Generate, folder: Path, options: argparse.Namespace) -> Child:
    """Start a contender; RuntimeError says in one line why it does not run."""
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
    child = Child(python, job, end=generate.end if workload.stops else None, seconds=options.child_seconds)
    print(f"{backend}: {child.facts['about']}")
    return child
