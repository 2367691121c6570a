"""A completions server that this process starts, waits for, and ends."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from thoughtrank.engines.serving import process_guard as guard
from thoughtrank.errors import UserError

_NEWS_SECONDS = 20.0
_LAST_LINES = 15


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ChildServer:
    """A server process with all it starts; it ends with this process, even when that is killed.

    Args:
        command: the program and its arguments.
        port: where on the loopback interface it will listen.
        name: for messages.
        log: receives all the server says.
        start_minutes: how long it may take until it is healthy.

    Raises:
        UserError: it ended, or was not healthy in time; with the last lines it said.
    """

    def __init__(self, *, command: Sequence[str], port: int, name: str, log: Path, start_minutes: float) -> None:
        self._name = name
        self._log = log
        self._url = f"http://127.0.0.1:{port}"
        guarded = [sys.executable, "-P", guard.__file__, str(os.getpid()), *command]
        print(f"starting {name}; it writes to {log}", flush=True)
        with log.open("wb") as file:
            # A session of its own: Ctrl-C in the terminal reaches this process only, which then ends the other one.
            self._process = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )
        try:
            self._wait(start_minutes)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it with all it has started; closing twice does no harm."""
        self._process.terminate()
        self._process.wait()

    def get(self, path: str) -> bytes | None:
        """What it answers to ``GET path``; None where it does not."""
        try:
            with urllib.request.urlopen(f"{self._url}{path}", timeout=10) as response:
                return response.read()
        except (OSError, urllib.error.URLError):
            return None

    def _wait(self, start_minutes: float) -> None:
        started = time.monotonic()
        news = started + _NEWS_SECONDS
        while self.get("/health") is None:
            now = time.monotonic()
            if self._process.poll() is not None:
                raise UserError(f"{self._name} ended while it started. {self._last_words()}")
            if now - started > 60 * start_minutes:
                raise UserError(
                    f"{self._name} was not ready within engine.start_minutes={start_minutes:g}. {self._last_words()}"
                )
            if now > news:
                news += _NEWS_SECONDS
                print(f"{self._name} is still starting ({now - started:.0f} s)", flush=True)
            time.sleep(0.2)
        print(f"{self._name} is ready ({time.monotonic() - started:.0f} s)", flush=True)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join([f"The last lines of {self._log}:", *(f"  {line[:300]}" for line in lines)])


def _environment() -> dict[str, str]:
    """For a program of another environment: no paths of this one, and no keys, which it has no use for."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in hidden and not name.endswith("_API_KEY")}
    return {**kept, "VLLM_NO_USAGE_STATS": "1"}
