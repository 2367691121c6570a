"""Starts this machine's training processes (*ranks*), waits for them, and ends them together.

Every rank is a child of the calling process and watches it: when the caller is gone, even after ``kill -9``, its ranks exit.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.rank_store import (
    LOOPBACK,
    listening_socket,
    loopback_environment,
    store_environment,
)
from thoughtrank.output.redaction import child_environment
from thoughtrank.output.terminal import print_faults
from thoughtrank.process.child_module import module_command
from thoughtrank.process.cpu_quota import THREADS, threads_of_each

FAULTS = "THOUGHTRANK_FAULTS"
"""Environment variable of a rank: the file descriptor it writes its faults to. A pipe works on a full disk too."""

_GRACE_SECONDS = 10.0
_CHECK_SECONDS = 0.5
_POLL_SECONDS = 0.05
_MAX_FAULT_CHARACTERS = 4000
_OTHER_LAUNCHERS = ("SLURM_", "TORCHELASTIC_", "OMPI_", "PMI_")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchConfig:
    """The ranks of one training, and where they meet.

    Attributes:
        devices: ranks per machine.
        num_nodes: machines.
        node_rank: index of this machine, from 0.
        address, port: of rank 0; port 0 takes a free one, for a single machine.
    """

    devices: int = 1
    num_nodes: int = 1
    node_rank: int = 0
    address: str = LOOPBACK
    port: int = 0


def run_ranks(
    job_file: Path,
    *,
    launch: LaunchConfig,
    check: Callable[[], None] = lambda: None,
    listening: socket.socket | None = None,
) -> None:
    """Train with this machine's ranks, and return when all of them have succeeded.

    Args:
        job_file: a ``TrainingJob``, readable on every machine.
        launch: which ranks to start.
        check: called every half second; raises when the training has to be abandoned.
        listening: with several machines, on the first one: where its first rank serves the store; closed here.

    Raises:
        UserError: a rank reported a fault or failed; all ranks have been ended.
    """
    reader, writer = os.pipe()
    ranks: list[subprocess.Popen] = []
    try:
        if launch.num_nodes == 1:
            listening = listening_socket(port=launch.port)
        with listening or nullcontext():
            for local_rank in range(launch.devices):
                environment = rank_environment(launch, local_rank=local_rank, faults=writer)
                serves = listening if local_rank == 0 else None
                if launch.num_nodes == 1 and listening is not None:
                    environment |= loopback_environment(listening, rank=local_rank)
                else:
                    environment |= store_environment(serves)
                passed = [writer] if serves is None else [writer, serves.fileno()]
                command = module_command("thoughtrank.finetuning", str(job_file), str(os.getpid()))
                # A session of its own: Ctrl-C in the terminal reaches the caller only, which then ends the ranks.
                ranks.append(subprocess.Popen(command, env=environment, pass_fds=passed, start_new_session=True))
        status = _wait(ranks, check)
    finally:
        for rank in ranks:
            _end(rank)
        os.close(writer)
        faults = _read_faults(reader)
    if faults:
        raise UserError(*faults)
    if status != 0:
        raise UserError(
            f"training exited with status {status}; see the error above, fix it and run the same command again. The "
            "examples and the model of the previous round are untouched"
        )


def report_faults(error: UserError) -> None:
    """In a rank: send the faults to the process that started it, or print them where there is none."""
    if FAULTS in os.environ:
        lines = [json.dumps(fault[:_MAX_FAULT_CHARACTERS]) + "\n" for fault in error.faults[:10]]
        os.write(int(os.environ[FAULTS]), "".join(lines).encode())
    else:
        print_faults(error.faults)


def rank_environment(launch: LaunchConfig, *, local_rank: int, faults: int) -> dict[str, str]:
    """The environment variables of a rank: its index, where rank 0 listens, and nothing of an outer launcher.

    Keys and other secrets are left out: no rank needs them.
    """
    inherited = {name: value for name, value in child_environment().items() if not name.startswith(_OTHER_LAUNCHERS)}
    if launch.devices > 1:
        # Otherwise every rank would start one thread per core.
        inherited[THREADS] = threads_of_each(launch.devices, inherited)
    return {
        **inherited,
        "RANK": str(launch.node_rank * launch.devices + local_rank),
        "LOCAL_RANK": str(local_rank),
        "NODE_RANK": str(launch.node_rank),
        "GROUP_RANK": str(launch.node_rank),
        "WORLD_SIZE": str(launch.devices * launch.num_nodes),
        "LOCAL_WORLD_SIZE": str(launch.devices),
        "MASTER_ADDR": launch.address,
        "MASTER_PORT": str(launch.port),
        FAULTS: str(faults),
    }


def _wait(ranks: list[subprocess.Popen], check: Callable[[], None]) -> int:
    """The first nonzero exit status, or 0. After a failure the other ranks get a moment to report their own faults."""
    checked = time.monotonic()
    until = None
    while True:
        states = [rank.poll() for rank in ranks]
        failed = next((state for state in states if state), 0)
        if None not in states or (until is not None and time.monotonic() > until):
            return failed
        if failed and until is None:
            until = time.monotonic() + _GRACE_SECONDS
        if time.monotonic() - checked > _CHECK_SECONDS:
            check()
            checked = time.monotonic()
        time.sleep(_POLL_SECONDS)


def _end(rank: subprocess.Popen) -> None:
    """Kill a rank that still runs, with every process it has started (a compiler, for instance)."""
    if rank.poll() is None:
        os.killpg(rank.pid, signal.SIGKILL)
        rank.wait()


def _read_faults(reader: int) -> list[str]:
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb") as file:
        written = file.read() or b""
    return list(dict.fromkeys(json.loads(line) for line in written.splitlines()))
