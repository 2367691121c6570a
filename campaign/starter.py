"""Starts commands by forking a process that has imported everything already, which saves most of the time of a short run.

``python -m campaign.starter SOCKET`` listens; each connection is one command: a line of JSON asks for it, a line states its
process id, and a line its exit status. The command runs ``train.py`` in a process group of its own.
"""

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOOKS = Path(__file__).parent / "hooks"
ADDRESS = "CAMPAIGN_STARTER"
"""Environment variable with the path of the socket."""
_POLL_SECONDS = 0.01


@contextmanager
def running_starter(folder: Path) -> Iterator[None]:
    """Within it, ``Command`` has a starter; its socket lies in ``folder``."""
    # Short: the path of a socket has at most 107 bytes.
    path = Path("/tmp") / f"campaign-{os.getpid()}.socket"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "starter.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "campaign.starter", str(path)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    until = time.monotonic() + 120
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the starter of commands failed; see {folder / 'starter.log'}")
        time.sleep(0.05)
    before = os.environ.get(ADDRESS)
    os.environ[ADDRESS] = str(path)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        path.unlink(missing_ok=True)
        os.environ.pop(ADDRESS)
        if before is not None:
            os.environ[ADDRESS] = before


class Command:
    """A command that was started.

    Args:
        arguments: of ``train.py``.
        folder: to run in.
        environment: all environment variables.
        output: file for what it prints.

    Attributes:
        pid: of the process, which leads a process group.
        status: exit status, negative for a signal; None while it runs.
    """

    def __init__(self, arguments: list[str], *, folder: Path, environment: dict[str, str], output: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.environ[ADDRESS])
        # Unbuffered: the status that follows is read from the socket itself.
        request = {"arguments": arguments, "folder": str(folder), "environment": environment, "output": str(output)}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        with self._socket.makefile("rb", buffering=0) as lines:
            self.pid = int(lines.readline())
        self.status: int | None = None

    def wait(self, timeout: float) -> int | None:
        """The exit status; None if it still runs after ``timeout`` seconds."""
        if self.status is None:
            self._socket.settimeout(max(timeout, 1e-6))
            try:
                # The whole line comes at once, so nothing is lost when the time is over before.
                line = self._socket.recv(64)
            except (TimeoutError, BlockingIOError):
                return None
            self.status = int(line)
            self._socket.close()
        return self.status

    def kill(self) -> None:
        """Send SIGKILL to the process group."""
        if self.wait(0) is None:
            os.killpg(self.pid, signal.SIGKILL)


def _listen(path: str) -> None:
    """Accept commands until killed."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        partial = f"{path}.partial"
        listening.bind(partial)
        listening.listen(64)
        Path(partial).rename(path)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the command, report its process id and its exit status, and exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("rb") as lines:
        request = json.loads(lines.readline())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.write(writer, b"x")
        for descriptor in (reader, writer):
            os.close(descriptor)
        connection.close()
        _run(**request)
    os.read(reader, 1)
    connection.sendall(f"{child}\n".encode())
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        # Readable without having been written to: the trial is gone, and the command goes with it.
        if select.select([connection], [], [], _POLL_SECONDS)[0]:
            os.killpg(child, signal.SIGKILL)
            os._exit(0)
    try:
        connection.sendall(f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
    finally:
        os._exit(0)


def _run(*, arguments: list[str], folder: str, environment: dict[str, str], output: str) -> None:
    """Become the command: ``train.py`` with these arguments, its output in a file."""
    status = 1
    try:
        opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for descriptor in (1, 2):
            os.dup2(opened, descriptor)
        os.close(opened)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [str(ROOT / "train.py"), *arguments]
        if "CAMPAIGN_HOOK" in environment:
            runpy.run_path(str(HOOKS / "sitecustomize.py"))
        runpy.run_path(str(ROOT / "train.py"), run_name="__main__")
        status = 0
    except SystemExit as error:
        status = _status_of(error.code)
    except BaseException:
        traceback.print_exc()
    finally:
        _flush_and_exit(status)


def _status_of(code: Any) -> int:
    if isinstance(code, str):
        print(code, file=sys.stderr)
    return code if isinstance(code, int) else int(code is not None)


def _flush_and_exit(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    os._exit(status)


def _import_everything() -> None:
    """What a run imports, so that no fork has to."""
    for name in (
        "openai",
        "pyarrow.parquet",
        "safetensors.torch",
        "torch",
        "transformers",
        "transformers.models.llama.modeling_llama",
        "thoughtrank.cli",
        "thoughtrank.pipeline",
        *(
            f"thoughtrank.{path.relative_to(ROOT / 'thoughtrank').with_suffix('').as_posix().replace('/', '.')}"
            for folder in ("stages", "engines", "judging", "rankers", "report", "models", "questions")
            for path in sorted((ROOT / "thoughtrank" / folder).rglob("*.py"))
            if path.name not in ("__init__.py", "__main__.py")
        ),
    ):
        try:
            __import__(name)
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    _listen(sys.argv[1])
