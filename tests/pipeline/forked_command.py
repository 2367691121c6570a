"""Processes that the fork server starts, with methods of ``subprocess.Popen``; for tests, and for the campaign."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "TEST_FORK_SERVER"
"""Environment variable with the path of the server's socket."""
_START_SECONDS = 300.0
_SERVER = Path(__file__).with_name("fork_server.py")


@contextmanager
def running_fork_server() -> Iterator[None]:
    """Within it, ``ForkedCommand`` has a server, also in the processes that this one starts."""
    # The path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="fork-server-") as folder:
        path = Path(folder) / "socket"
        process = start_fork_server(path, stdin=subprocess.PIPE)
        try:
            with fork_server_at(path):
                yield
        finally:
            process.kill()
            process.communicate()


@contextmanager
def fork_server_at(path: Path) -> Iterator[None]:
    """Within it, ``ForkedCommand`` asks the server that listens there."""
    before = os.environ.get(ADDRESS)
    os.environ[ADDRESS] = str(path)
    try:
        yield
    finally:
        os.environ.pop(ADDRESS)
        if before is not None:
            os.environ[ADDRESS] = before


def start_fork_server(path: Path, *, stdin: int) -> subprocess.Popen:
    """Start a server and wait until it listens at ``path``.

    Args:
        stdin: as for ``Popen``; the server ends as soon as this can be read or is closed.
    """
    process = subprocess.Popen(
        [sys.executable, str(_SERVER), str(path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=stdin,
        # A pipe, as it will be for most commands: Python's streams remember whether they can seek.
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Ctrl-C is for whoever has started it.
        start_new_session=True,
    )
    _wait_for(path, process)
    return process


def _wait_for(path: Path, process: subprocess.Popen) -> None:
    until = time.monotonic() + _START_SECONDS
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise RuntimeError(f"the fork server failed: {process.communicate()[0]}")
        time.sleep(0.02)


class ForkedProcess:
    """What the fork server has started.

    Attributes:
        pid: of the process, which leads a process group of its own.
        returncode: exit status, negative for a signal; None until it is known.
    """

    def __init__(self) -> None:
        self.returncode: int | None = None
        self.pid = 0
        self._socket = socket.socket(socket.AF_UNIX)

    def _fork(self, address: str, request: Mapping[str, object], *, output: int, inherited: Sequence[int] = ()) -> None:
        self._socket.connect(address)
        socket.send_fds(self._socket, [b"x"], [output, *inherited])
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        # Unbuffered: the status that follows is read from the socket itself.
        with self._socket.makefile("rb", buffering=0) as lines:
            self.pid = int(lines.readline())

    def poll(self) -> int | None:
        """The exit status; None if it still runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        if self.returncode is None:
            self._socket.settimeout(None if timeout is None else max(timeout, 1e-6))
            try:
                # The whole line comes at once, so nothing is lost when the time is over before.
                line = self._socket.recv(64)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("a forked process", timeout or 0.0) from None
            self.returncode = int(line)
            self._socket.close()
        return self.returncode


class ForkedCommand(ForkedProcess):
    """``train.py``, started by the fork server in a process group of its own.

    Args:
        arguments: of ``train.py``.
        folder: to run in.
        environment: all environment variables.
        output: file for what it prints; None for ``stdout``.

    Attributes:
        stdout: what it prints, as text; None if ``output`` gets it.
    """

    def __init__(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], output: Path | None = None
    ) -> None:
        super().__init__()
        self.stdout = None
        self._printed: list[str] = []
        self._reading: threading.Thread | None = None
        if output is None:
            reader, writer = os.pipe()
            self.stdout = os.fdopen(reader)
        else:
            writer = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            request = {"module": None, "arguments": list(arguments), "folder": str(folder), "descriptors": []}
            self._fork(os.environ[ADDRESS], {**request, "environment": dict(environment)}, output=writer)
        finally:
            os.close(writer)

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """All it prints until it has ended.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if self._reading is None:
            self._reading = threading.Thread(target=self._read, daemon=True)
            self._reading.start()
        self._reading.join(timeout)
        if self._reading.is_alive():
            raise subprocess.TimeoutExpired("train.py", timeout or 0.0)
        self.wait(None if until is None else until - time.monotonic())
        return "".join(self._printed), None

    def _read(self) -> None:
        if self.stdout is not None:
            with self.stdout:
                self._printed.append(self.stdout.read())

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL to the process, unless it has ended."""
        self.send_signal(signal.SIGKILL)
