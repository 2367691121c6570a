"""A folder in which a trial starts, kills and resumes small runs of ``train.py`` with a paying judge."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from forked_command import ForkedCommand
from small_runs import Workplace

from campaign.comparing import differences, lines_of_tracebacks, times_of_parts
from campaign.outcome import Outcome, TrialInput
from campaign.paths import ROOT
from campaign.paying_server import JUDGE, Account, FaultServer, OpenAIServer, PayingServer, proxy_environment

JUDGED = ["run=base", *JUDGE, "training.epochs=8", "training.checkpoint_minutes=0.0005", "evaluation.reply_tokens=24"]
ONE_ROUND = [*JUDGED, "rounds=1"]
TWO_ROUNDS = [*JUDGED, "rounds=2"]
TIMEOUT = 180.0
"""Seconds after which an attempt counts as hung."""


class Ended(NamedTuple):
    """An attempt that has ended.

    Attributes:
        status: of its exit; negative for a signal.
        output: all it printed.
    """

    status: int
    output: str


class Attempt:
    """One started command, in a process group of its own.

    Attributes:
        pid: of its process.
    """

    def __init__(self, command: list[str], *, folder: Path, outputs: Path, environment: dict[str, str]) -> None:
        self._output = outputs / f"output-{time.monotonic_ns()}.txt"
        # Without the interpreter and the script, which the fork server has loaded.
        arguments = command[2:]
        self._command = ForkedCommand(arguments, folder=folder, environment=environment, output=self._output)
        self.pid = self._command.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._command.poll() is None

    def kill(self) -> Ended:
        """End the process group without warning."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self, timeout: float = TIMEOUT) -> Ended:
        """Wait for its end; one that hangs is killed, and has the status -9."""
        try:
            status = self._command.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            status = self._command.wait(timeout)
        return Ended(status, self._output.read_text(errors="replace"))


class Place:
    """The folder, and the judge of the runs in it.

    Args:
        folder: made if missing.
        server: the judge; a ``PayingServer`` if None. Closed by ``close``.
        outcome: gets every traceback, and what the judge was paid twice.
        outputs: folder for what attempts print; None for ``folder``.
    """

    def __init__(
        self, folder: Path, *, outcome: Outcome, server: OpenAIServer | None = None, outputs: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.work = Workplace(folder)
        self.server = PayingServer() if server is None else server
        self.environment = proxy_environment(self.server)
        self.account = Account(self.server)
        self._outcome = outcome
        self._outputs = folder if outputs is None else outputs
        self._attempts: list[Attempt] = []
        self._times: dict[Path, int] = {}

    @classmethod
    def copied(cls, source: Path, trial: TrialInput, *, outcome: Outcome, name: str = "place") -> "Place":
        """A place with the files of another one, hard links included."""
        folder = trial.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for part in ("cache", "runs"):
            if (source / part).exists():
                subprocess.run(["cp", "-a", str(source / part), str(folder)], check=True)
        place = cls(folder, outcome=outcome)
        place.settle()
        return place

    @property
    def cache(self) -> Path:
        """The cache of the runs."""
        return self.work.folder / "cache"

    @property
    def base(self) -> Path:
        """The run folder."""
        return self.work.folder / "runs" / "base"

    def start(self, *overrides: str) -> Attempt:
        """Start one attempt at a run."""
        attempt = Attempt(
            self.work.command(*overrides),
            folder=self.work.folder,
            outputs=self._outputs,
            environment=self.environment_of_children(),
        )
        self._attempts.append(attempt)
        return attempt

    def environment_of_children(self) -> dict[str, str]:
        """The environment variables of every command in this place."""
        return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **self.environment}

    def run(self, *overrides: str) -> Ended:
        """One attempt from start to end."""
        ended = self.start(*overrides).wait()
        self.ended(ended)
        return ended

    def ended(self, ended: Ended) -> None:
        """Note what an attempt has left: tracebacks, requests, and finished parts of tables."""
        self._outcome.tracebacks += lines_of_tracebacks(ended.output)
        self.settle()
        times = times_of_parts(self.cache)
        for path, before in self._times.items():
            if times.get(path, before) != before:
                self._outcome.lost.append(f"{path.parent.parent.name}/{path.name} was computed again")
        self._times |= times

    def forget_times(self) -> None:
        """Do not compare when parts of tables were written: a trial has changed it."""
        self._times.clear()

    def settle(self) -> None:
        """See ``Account.settle``."""
        self.account.settle(self.cache)

    def finish(self, undisturbed: Path, *overrides: str) -> None:
        """Resume the run to its end, and compare it with the undisturbed one."""
        ended = self.run(*overrides)
        if ended.status != 0:
            self._outcome.lost.append(f"the run did not finish: exit status {ended.status}: {last_line(ended.output)}")
            return
        self._outcome.lost += differences(self.base, undisturbed / "runs" / "base")

    def close(self) -> None:
        """End what still runs, close the server, and add its account to the outcome."""
        for attempt in self._attempts:
            if attempt.running:
                attempt.kill()
        self.settle()
        self.server.close()
        if isinstance(self.server, FaultServer):
            return  # it repeats requests on purpose, and has an account of its own
        self._outcome.paid_twice += self.account.paid_twice
        self._outcome.resent += self.account.resent

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_until(condition: Callable[[], bool], attempt: Attempt, *, timeout: float = TIMEOUT) -> bool:
    """Wait until ``condition`` holds; False if the attempt ends before, or the time is over."""
    until = time.monotonic() + timeout
    while attempt.running and time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.003)
    return False


def last_line(output: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
