"""Check and measure everything that depends on a CUDA device, in one command of at most nine minutes.

    make gpu-check                                   # on a machine with a network: what has to be carried, and the command
    python benchmarks/gpu.py                         # all parts on the CUDA device
    python benchmarks/gpu.py --device cpu --seconds 20   # the same parts with a tiny model on the CPU

Every part runs in a process of its own with a time limit, so that one that fails, hangs or runs out of memory does not stop the
others. Figures are printed as JSON, one line each, as soon as they are known. The last line says how each part ended.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import TextIO

from gpu_common import GRACE_SECONDS, NO_TIME

ROOT = Path(__file__).resolve().parents[1]
TOTAL_SECONDS = 530.0
PARTS = {
    "ceilings": 30.0,
    "pipeline": 100.0,
    "generation": 120.0,
    "launches": 60.0,
    "processes": 60.0,
    "training": 160.0,
}
"""Seconds of each part, in the order in which they run: generation and training are compared with the ceilings."""
_MEMORY_FOLDER = Path("/dev/shm")
_MODEL_BYTES = 20e9
"""More than the model takes: where there is that much room in memory, it is written there."""
_LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part ended.

    Attributes:
        status: ``ok``, ``failed``, or ``killed`` after its time.
        seconds: it took.
        error: the last lines it wrote to its standard error, if it did not succeed.
    """

    status: str
    seconds: float
    error: str


def main() -> None:
    """Run the parts, and exit with 1 if one of them failed."""
    options = parse()
    started = time.monotonic()
    print(json.dumps({"part": "machine", **machine(options.device)}), flush=True)
    with tempfile.TemporaryDirectory(prefix="gpu_check_", dir=options.work, ignore_cleanup_errors=True) as work:
        outcomes = {}
        for name in options.parts:
            seconds = PARTS[name] if options.seconds is None else options.seconds
            if options.device == "cuda":
                seconds = min(seconds, TOTAL_SECONDS - GRACE_SECONDS["cuda"] - (time.monotonic() - started))
            if seconds < 1:
                outcomes[name] = Outcome(status="skipped", seconds=0.0, error=NO_TIME)
                continue
            outcomes[name] = run_part(
                command(name, options, seconds=seconds, work=work), limit=seconds + GRACE_SECONDS[options.device]
            )
            if outcomes[name].error:
                print(json.dumps({"part": name, "error": outcomes[name].error}), flush=True)
    report = {name: [outcome.status, round(outcome.seconds, 1)] for name, outcome in outcomes.items()}
    total = round(time.monotonic() - started, 1)
    print(json.dumps({"part": "summary", "seconds": total, "parts": report}), flush=True)
    sys.exit(any(outcome.status != "ok" for outcome in outcomes.values()))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--device", choices=["cuda", "cpu"], default="cuda")
    add("--seconds", type=float, help="time limit of each part; default: " + json.dumps(PARTS))
    add("--parts", type=lambda text: text.split(","), default=list(PARTS), help="comma-separated names; default: all")
    add("--variants", type=int, help="only so many settings of the parts pipeline and training, the first ones")
    add("--shape", choices=["3b", "tiny"], help="of the random model; default: 3b on CUDA, tiny on the CPU")
    add("--work", type=Path, help="folder for temporary files; default: in memory if there is room, else the system's")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"--parts: {', '.join(unknown)}: not one of {', '.join(PARTS)}")
    if options.variants is not None and options.variants < 1:
        parser.error(f"--variants: {options.variants}: at least 1")
    options.shape = options.shape or ("3b" if options.device == "cuda" else "tiny")
    options.work = options.work or work_folder(options.shape)
    return options


def work_folder(shape: str) -> Path | None:
    """The file system in memory, if the large model fits in it."""
    if shape == "tiny" or not _MEMORY_FOLDER.exists() or shutil.disk_usage(_MEMORY_FOLDER).free < _MODEL_BYTES:
        return None
    return _MEMORY_FOLDER


def machine(device: str) -> dict[str, object]:
    """What the figures were measured on. torch takes seconds to import, which the CPU does without."""
    facts: dict[str, object] = {
        "device": device,
        "name": "CPU",
        "torch": version("torch"),
        "transformers": version("transformers"),
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
    }
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            sys.exit("error: --device cuda, but this machine shows no CUDA device: use --device cpu")
        properties = torch.cuda.get_device_properties(0)
        facts |= {
            "name": properties.name,
            "memory_gb": round(properties.total_memory / 1e9, 1),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
        }
    return facts


def command(name: str, options: argparse.Namespace, *, seconds: float, work: str) -> list[str]:
    """The command of a part."""
    script = str(Path(__file__).with_name(f"gpu_{name}.py"))
    given = {"--device": options.device, "--shape": options.shape, "--work": work, "--seconds": f"{seconds:.0f}"}
    if options.variants is not None:
        given["--variants"] = str(options.variants)
    return [sys.executable, script, *(word for pair in given.items() for word in pair)]


def run_part(arguments: list[str], *, limit: float) -> Outcome:
    """Run a part, and kill it after ``limit`` seconds; its JSON lines are passed on, the rest goes to the standard error."""
    # The package is run from source, and training processes find the objective that profiles them.
    given = [str(Path(path).resolve()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    paths = [str(ROOT), str(ROOT / "benchmarks"), *given]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    started = time.monotonic()
    process = subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True)
    tail: list[str] = []
    figures: list[str] = []
    readers = [
        Thread(target=_pass_on, args=(process.stdout, tail.append, figures.append)),
        Thread(target=_read, args=(process.stderr, tail)),
    ]
    for reader in readers:
        reader.start()
    try:
        process.wait(timeout=limit)
        status = "failed" if process.returncode else "ok"
    except subprocess.TimeoutExpired:
        status = "killed"
    finally:
        _kill_group(process)
    for reader in readers:
        reader.join(timeout=5)
    if status == "ok" and any(map(_is_failed, figures)):
        return Outcome(status="failed", seconds=time.monotonic() - started, error="a measurement failed: see its line")
    error = "" if status == "ok" else "\n".join([f"{status} with status {process.returncode}", *tail[-_LAST_LINES:]])
    return Outcome(status=status, seconds=time.monotonic() - started, error=error)


def _is_failed(line: str) -> bool:
    """Whether a JSON line has an error in place of figures, other than that its time was over; no other line has."""
    try:
        return not json.loads(line).get("error", NO_TIME).startswith(NO_TIME)
    except json.JSONDecodeError:
        return False


def _pass_on(lines: TextIO, keep: Callable[[str], None], keep_figures: Callable[[str], None]) -> None:
    for line in lines:
        if line.startswith("{"):
            keep_figures(line)
            print(line, end="", flush=True)
        else:
            keep(line.rstrip())
            print(line, end="", file=sys.stderr, flush=True)


def _read(lines: TextIO, tail: list[str]) -> None:
    for line in lines:
        tail.append(line.rstrip())
        print(line, end="", file=sys.stderr, flush=True)


def _kill_group(process: subprocess.Popen) -> None:
    """Whatever the part has left running, too; the group exists as long as one of its processes does."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


if __name__ == "__main__":
    main()
