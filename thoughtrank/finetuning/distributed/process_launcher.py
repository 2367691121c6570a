"""Starts this machine's training processes (*ranks*), waits for them, and ends them together.

Every rank is a child of the process that called, and watches it: when that one is gone, even by ``kill -9``, so are they.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thoughtrank.errors import UserError

FAULTS = "THOUGHTRANK_FAULTS"
"""Environment variable of a rank: number of the file descriptor that takes its faults. A pipe works on a full disk too."""
_PATIENCE_SECONDS = 10.0
_LONGEST_FAULT = 4000
_OF_OTHER_LAUNCHERS = ("SLURM_", "TORCHELASTIC_", "OMPI_", "PMI_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Where the ranks of one training find each other.

    Attributes:
        devices: ranks on each machine.
        num_nodes: machines.
        node_rank: number of this machine, from 0.
        address, port: of rank 0.
    """

    devices: int = 1
    num_nodes: int = 1
    node_rank: int = 0
    address: str = "127.0.0.1"
    port: int = 0


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def run_ranks(job_file: Path, *, group: Group, still_wanted: Callable[[], None] = lambda: None) -> None:
    """Train with this machine's ranks, and return when all have ended well.

    Args:
        job_file: a ``TrainingJob``, readable on every machine.
        group: of all ranks; ``port`` 0 takes a free one, for a single machine.
        still_wanted: called every half second; raises when the training has to be given up.

    Raises:
        UserError: a rank found a fault, or failed; then all are ended.
    """
    reader, writer = os.pipe()
    ranks: list[subprocess.Popen] = []
    try:
        port = group.port or free_port()
        for local_rank in range(group.devices):
            environment = _environment(group, local_rank=local_rank, port=port, faults=writer)
            command = [sys.executable, "-m", "thoughtrank.finetuning", str(job_file), str(os.getpid())]
            # A session of its own: Ctrl-C in the terminal reaches this process only, which then ends the others.
            ranks.append(subprocess.Popen(command, env=environment, pass_fds=[writer], start_new_session=True))
        status = _wait(ranks, still_wanted)
    finally:
        for rank in ranks:
            _end(rank)
        os.close(writer)
        faults = _read_faults(reader)
    if faults:
        raise UserError(*faults)
    if status != 0:
        raise UserError(
            f"training ended with status {status}; its own message stands above. The examples and the model of the round "
            "before are untouched: mend the cause and run the same command again"
        )


def report_faults(error: UserError) -> None:
    """In a rank: hand the faults to the process that started it, or print them where there is none."""
    if FAULTS in os.environ:
        lines = [json.dumps(fault[:_LONGEST_FAULT]) + "\n" for fault in error.faults[:10]]
        os.write(int(os.environ[FAULTS]), "".join(lines).encode())
    else:
        print("\n".join(f"error: {fault}" for fault in error.faults), file=sys.stderr, flush=True)


def _wait(ranks: list[subprocess.Popen], still_wanted: Callable[[], None]) -> int:
    """The first bad exit status, or 0. Behind a bad one the others get a moment to say what they know."""
    checked = time.monotonic()
    until = None
    while True:
        states = [rank.poll() for rank in ranks]
        bad = next((state for state in states if state), 0)
        if None not in states or (until is not None and time.monotonic() > until):
            return bad
        if bad and until is None:
            until = time.monotonic() + _PATIENCE_SECONDS
        if time.monotonic() - checked > 0.5:
            still_wanted()
            checked = time.monotonic()
        time.sleep(0.05)


def _end(rank: subprocess.Popen) -> None:
    """Kill a rank that still runs, with whatever it has started itself (a compiler, for instance)."""
    if rank.poll() is None:
        os.killpg(rank.pid, signal.SIGKILL)
        rank.wait()


def _read_faults(reader: int) -> list[str]:
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb") as file:
        written = file.read() or b""
    return list(dict.fromkeys(json.loads(line) for line in written.splitlines()))


def _environment(group: Group, *, local_rank: int, port: int, faults: int) -> dict[str, str]:
    """What a rank sees: its place in the group, nothing of an outer launcher, and no judge's key."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_API_KEY") and not name.startswith(_OF_OTHER_LAUNCHERS)
    }
    if group.devices > 1:
        # Otherwise every rank would start a thread for every core.
        inherited.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // group.devices)))
    return {
        **inherited,
        "RANK": str(group.node_rank * group.devices + local_rank),
        "LOCAL_RANK": str(local_rank),
        "NODE_RANK": str(group.node_rank),
        "GROUP_RANK": str(group.node_rank),
        "WORLD_SIZE": str(group.devices * group.num_nodes),
        "LOCAL_WORLD_SIZE": str(group.devices),
        "MASTER_ADDR": group.address,
        "MASTER_PORT": str(port),
        FAULTS: str(faults),
    }
