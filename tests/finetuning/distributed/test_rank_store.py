"""The ranks of one machine meet where no other machine can reach them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank.finetuning.distributed.rank_store import (
    listening_socket,
    loopback_environment,
    serve_store,
    store_environment,
)

RANK = """
import os, sys
from pathlib import Path
from thoughtrank.finetuning.distributed.rank_store import serve_store
store = serve_store()
import torch
torch.distributed.init_process_group("gloo")
total = torch.tensor([float(os.environ["RANK"]) + 1])
torch.distributed.all_reduce(total)
inodes = set()
for each in Path("/proc/self/fd").iterdir():
    try:
        inodes.add(os.readlink(each))
    except OSError:
        pass
for name in ("tcp", "tcp6"):
    path = Path("/proc/self/net", name)
    for fields in map(str.split, path.read_text().splitlines()[1:] if path.exists() else []):
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            print("listens", fields[1].partition(":")[0])
torch.distributed.barrier()
print("sum", int(total))
"""


@pytest.mark.skipif(not Path("/proc/self/net").exists(), reason="needs /proc")
def test_ranks_of_one_machine_listen_on_the_loopback_interface_only(monkeypatch):
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        monkeypatch.delenv(name, raising=False)
    with listening_socket() as listening:
        ranks = [
            subprocess.Popen(
                [sys.executable, "-c", RANK],
                env={
                    **os.environ,
                    **loopback_environment(listening, rank=rank),
                    "RANK": str(rank),
                    "WORLD_SIZE": "2",
                },
                pass_fds=[listening.fileno()] if rank == 0 else [],
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]
    outputs = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert all("sum 3" in output for output in outputs)
    lines = {line for output in outputs for line in output.splitlines() if line.startswith("listens")}
    assert lines == {"listens 0100007F"}


def test_ranks_of_two_machines_meet_in_the_store_that_the_first_one_serves():
    with listening_socket() as listening:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(listening.getsockname()[1])}
        ranks = [
            subprocess.Popen(
                [sys.executable, "-c", RANK],
                env={
                    **os.environ,
                    **address,
                    **store_environment(listening if rank == 0 else None),
                    "RANK": str(rank),
                    "WORLD_SIZE": "2",
                },
                pass_fds=[listening.fileno()] if rank == 0 else [],
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]
    assert all("sum 3" in rank.communicate(timeout=120)[0] for rank in ranks)


def test_other_ranks_serve_no_store(monkeypatch):
    with listening_socket() as listening:
        for name, value in loopback_environment(listening, rank=1).items():
            monkeypatch.setenv(name, value)
    assert serve_store() is None
