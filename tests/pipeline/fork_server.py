"""Imports what a run imports, and forks commands from itself, which saves most of the time of a short run.

``python fork_server.py SOCKET`` listens until its standard input is closed or can be read. Each connection is one command: a
byte that carries the descriptors of the output and of what else the command inherits, and a line of JSON. A line with the
process id answers, and a line with the exit status follows. The command becomes ``train.py``, or one of the training processes
that this starts, which then begins and ends as if Python had been started for it. What a fork inherits anyway is left to real
starts: variables that are read during an import, and the seed of Python's hashes.
"""

import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path

import forked_rank

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "train.py"
_POLL_SECONDS = 0.01
_ROOMS = ("config", "controls", "engines", "evaluation", "finetuning", "judging", "models", "prefixes", "questions")
_ROOMS += ("rankers", "report", "selection", "stages", "storage")
_LIBRARIES = ("openai", "pyarrow.parquet", "safetensors.torch", "torch", "transformers", "pytorch_lightning")
_LIBRARIES += ("transformers.models.llama.modeling_llama", "hydra._internal.callbacks", "pandas", "deepspeed")
_MAX_DESCRIPTORS = 8
_HIGH_DESCRIPTOR = 200
"""Above those that the server and a command use."""


def main() -> None:
    """Listen; in a forked process, become the command."""
    # As ``python train.py`` would have it.
    sys.path[0] = str(ROOT)
    gc.disable()
    _import_everything()
    # No collection looks at what was imported, or copies its pages.
    gc.freeze()
    gc.enable()
    address = sys.argv[1]
    request = _accept(address)
    _become(request)
    if request["module"] is None:
        if forked_rank.START_RANKS not in os.environ:
            forked_rank.fork_ranks(address)
        runpy.run_path(str(SCRIPT), run_name="__main__")
    else:
        runpy.run_module(request["module"], run_name="__main__")


def _import_everything() -> None:
    # What DeepSpeed would ask the device for otherwise; forked commands compute on the CPU.
    os.environ["DS_ACCELERATOR"] = "cpu"
    folders = [ROOT / "thoughtrank" / room for room in _ROOMS]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py")) if path.stem != "__main__"]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    for name in (*_LIBRARIES, "thoughtrank.cli", "thoughtrank.pipeline", *modules):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
    _compile_conversions()


def _compile_conversions() -> None:
    """Let transformers compile its thousand patterns of names of weights, which it does once per process."""
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    get_checkpoint_conversion_mapping("llama")


def _accept(path: str) -> dict:
    """Accept commands until standard input says that it is over; returns a request, in the process that was forked for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        partial = f"{path}.partial"
        listening.bind(partial)
        listening.listen(64)
        Path(partial).rename(path)
        while True:
            ready, _, _ = select.select([listening, 0], [], [])
            if 0 in ready:
                os._exit(0)
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                return _fork_command(connection)
            connection.close()


def _fork_command(connection: socket.socket) -> dict:
    """Fork the command, in which this returns. Here, report its process id and its exit status, and exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, received, _, _ = socket.recv_fds(connection, 1, _MAX_DESCRIPTORS)
    with connection.makefile("rb") as lines:
        request = json.loads(lines.readline())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        connection.close()
        os.write(writer, b"x")
        for descriptor in (reader, writer):
            os.close(descriptor)
        _take_over(received, [1, *request["descriptors"]])
        os.dup2(1, 2)
        # Whoever looks for the process that started this one finds the process that ends with it.
        request["arguments"] = [str(os.getppid()) if each is None else each for each in request["arguments"]]
        return request
    os.close(writer)
    for descriptor in received:
        os.close(descriptor)
    os.read(reader, 1)
    # What the command prints is not to be held open by this process.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    connection.sendall(f"{child}\n".encode())
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        # Readable without having been written to: whoever asked for the command is gone, and the command goes with it.
        if select.select([connection], [], [], _POLL_SECONDS)[0]:
            os.killpg(child, signal.SIGKILL)
            os._exit(0)
    try:
        connection.sendall(f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
    finally:
        os._exit(0)


def _take_over(received: list[int], numbers: list[int]) -> None:
    """Give the descriptors these numbers, and let the children of this process inherit them."""
    # A number that is wanted may be that of another one of them.
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD, _HIGH_DESCRIPTOR) for each in received]
    for each in received:
        os.close(each)
    for each, number in zip(moved, numbers, strict=True):
        os.dup2(each, number)
        os.close(each)


def _become(request: dict) -> None:
    """Take over the arguments, the folder and the environment of the command."""
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding=os.environ.get("PYTHONIOENCODING"))
    sys.argv = [str(SCRIPT), *request["arguments"]]
    added = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]
    sys.path[1:1] = added
    if any(Path(path, "sitecustomize.py").exists() for path in added):
        sys.modules.pop("sitecustomize", None)
        importlib.import_module("sitecustomize")


if __name__ == "__main__":
    main()
