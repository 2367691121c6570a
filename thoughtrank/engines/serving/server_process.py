"""A completions server that this process starts, waits for and ends."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from thoughtrank.engines.serving import process_guard
from thoughtrank.errors import UserError
from thoughtrank.http_api.model_list import read_models
from thoughtrank.output.redaction import foreign_environment
from thoughtrank.output.terminal import print_text

_REPORT_SECONDS = 20.0
_POLL_SECONDS = 0.2
_LOG_LINES = 15
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The environment's proxies do not reach this machine's loopback interface."""


class ServerProcess:
    """A server with all processes it starts. It ends when this process does, even if this one is killed.

    Args:
        command: the program and its arguments.
        port: of the loopback interface, on which it will listen.
        model: the name under which it serves its model. It is random, so that no other server on this port is taken for it.
        name: for messages.
        log: the file its output is written to.
        start_minutes: how long it may take to become healthy.

    Attributes:
        url: where it listens.
        model: as above.

    Raises:
        UserError: it exited, or did not become healthy in time; with the last lines of its output.
    """

    def __init__(
        self, *, command: Sequence[str], port: int, model: str, name: str, log: Path, start_minutes: float
    ) -> None:
        self.model = model
        self._name = name
        self._log = log
        self.url = f"http://127.0.0.1:{port}"
        guarded = [sys.executable, "-P", process_guard.__file__, str(os.getpid()), *command]
        print_text(f"starting {name}; its output is in {log}")
        with log.open("wb") as file:
            # A session of its own: Ctrl-C in the terminal reaches this process only, which then ends the server.
            self._process = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**foreign_environment(), "VLLM_NO_USAGE_STATS": "1"},
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(start_minutes)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it and all processes it started; closing twice does no harm."""
        self._process.terminate()
        self._process.wait()

    def get(self, path: str) -> bytes | None:
        """The body of its response to ``GET path``; None if there is none."""
        try:
            with _NO_PROXY.open(f"{self.url}{path}", timeout=10) as response:
                return response.read()
        except (OSError, urllib.error.URLError):
            return None

    def is_ready(self) -> bool:
        """Whether it is healthy, and it is the server that was started here and still runs."""
        if self.get("/health") is None or self._process.poll() is not None:
            return False
        try:
            names = [each.name for each in read_models(self.get("/v1/models") or b"")]
        except ValueError:
            return False
        return self.model in names and self._process.poll() is None

    def _wait_until_healthy(self, start_minutes: float) -> None:
        started = time.monotonic()
        next_report = started + _REPORT_SECONDS
        while not self.is_ready():
            now = time.monotonic()
            if self._process.poll() is not None:
                raise UserError(f"{self._name} exited while starting. {self._end_of_log()}")
            if now - started > 60 * start_minutes:
                raise UserError(
                    f"{self._name} was not ready within engine.start_minutes={start_minutes:g}. {self._end_of_log()}"
                )
            if now > next_report:
                next_report += _REPORT_SECONDS
                print_text(f"{self._name} is still starting ({now - started:.0f} s)")
            time.sleep(_POLL_SECONDS)
        print_text(f"{self._name} is ready ({time.monotonic() - started:.0f} s)")

    def _end_of_log(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join([f"The last lines of {self._log}:", *(f"  {line[:300]}" for line in lines)])
