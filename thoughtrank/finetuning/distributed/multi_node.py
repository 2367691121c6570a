"""Training on several machines: one of them runs the pipeline, the others only train.

The same command is started once on every machine, by ``torchrun``, by Slurm's ``srun``, or by hand. Environment variables say
which machine is which. The first one opens a small store (torch's ``TCPStore``) and announces each training in it; the others
wait for announcements, and notice when the first one is gone, because its store is gone with it.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.process_launcher import Group, free_port, run_ranks

_POLL_SECONDS = 0.5
_CONNECT = timedelta(minutes=30)
_FAREWELL_SECONDS = 20.0
_FILE_SECONDS = 120.0
_HOW = (
    "start the same command once per machine with torchrun (--nproc-per-node 1) or srun (--ntasks-per-node 1), or set "
    "NODE_RANK, MASTER_ADDR and MASTER_PORT yourself"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """This machine among the others.

    Attributes:
        node_rank: its number, from 0.
        num_nodes: how many there are.
        address, port: where the first one opens its store.
    """

    node_rank: int = 0
    num_nodes: int = 1
    address: str = "127.0.0.1"
    port: int = 0

    @classmethod
    def find(cls, environment: Mapping[str, str], *, num_nodes: int) -> "Place":
        """Read the variables of ``torchrun``, of Slurm, or NODE_RANK, MASTER_ADDR and MASTER_PORT.

        Raises:
            UserError: they are not there, or do not fit ``num_nodes``.
        """
        if num_nodes == 1:
            return cls()
        if "TORCHELASTIC_RUN_ID" in environment:
            _check("LOCAL_WORLD_SIZE", environment.get("LOCAL_WORLD_SIZE", "1"), 1)
            _check("GROUP_WORLD_SIZE", environment.get("GROUP_WORLD_SIZE", str(num_nodes)), num_nodes)
            # MASTER_PORT itself is taken by torchrun.
            rank, address, port = environment["GROUP_RANK"], environment["MASTER_ADDR"], environment["MASTER_PORT"]
            return cls(node_rank=int(rank), num_nodes=num_nodes, address=address, port=int(port) + 1)
        if {"NODE_RANK", "MASTER_ADDR", "MASTER_PORT"} <= set(environment):
            rank, address, port = (environment[name] for name in ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT"))
            return cls(node_rank=int(rank), num_nodes=num_nodes, address=address, port=int(port))
        if "SLURM_NODEID" in environment:
            from lightning_fabric.plugins.environments import SLURMEnvironment

            _check("SLURM_NNODES", environment.get("SLURM_NNODES", str(num_nodes)), num_nodes)
            _check("SLURM_NTASKS", environment.get("SLURM_NTASKS", str(num_nodes)), num_nodes)
            names = environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"]
            address = environment.get("MASTER_ADDR") or SLURMEnvironment.resolve_root_node_address(names)
            # The same on all machines, and another one for another job on the same machines.
            port = environment.get("MASTER_PORT") or str(15000 + int(environment["SLURM_JOB_ID"]) % 10000)
            rank = environment["SLURM_NODEID"]
            return cls(node_rank=int(rank), num_nodes=num_nodes, address=address, port=int(port))
        raise UserError(f"strategy.num_nodes={num_nodes}, but nothing says which of the machines this is: {_HOW}")


class Nodes:
    """The machines of a run, seen from one of them. A context manager: leaving it lets the other machines go.

    Args:
        place: this machine.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._store: Any = None
        self._launch = 0

    def __enter__(self) -> "Nodes":
        if self.place.num_nodes > 1:
            self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is None or self.place.node_rank:
            return
        self._announce({"end": True})
        others = [f"gone/{rank}" for rank in range(1, self.place.num_nodes)]
        until = time.monotonic() + _FAREWELL_SECONDS
        # The store ends with this process; who has not read the end by then takes it for a crash.
        while time.monotonic() < until and not self._store.check(others):
            time.sleep(0.05)

    def train(self, job_file: Path, *, devices: int) -> None:
        """On the first machine: have a job done by ``devices`` training processes on every machine.

        Raises:
            UserError: see ``run_ranks``; what another machine reports is among it.
        """
        if self._store is None:
            run_ranks(job_file, group=Group(devices=devices))
            return
        port = free_port()
        self._announce({"job": str(job_file.absolute()), "port": port})
        self._run(job_file, port=port, devices=devices)

    def follow(self, *, devices: int) -> None:
        """On the other machines: take part in every training, until the run on the first machine ends.

        Raises:
            UserError: the first machine is gone without a word.
        """
        while True:
            announced = self._next_announcement()
            if "end" in announced:
                self._store.set(f"gone/{self.place.node_rank}", "")
                return
            try:
                job_file = _visible(Path(announced["job"]))
                self._run(job_file, port=announced["port"], devices=devices)
            except UserError as error:
                if not self._alive():
                    raise
                # The first machine decides what becomes of the run.
                print(f"training failed on machine {self.place.node_rank}: {error}", flush=True)

    def _run(self, job_file: Path, *, port: int, devices: int) -> None:
        place = self.place
        group = Group(
            devices=devices,
            num_nodes=place.num_nodes,
            node_rank=place.node_rank,
            address=place.address,
            port=port,
        )
        try:
            run_ranks(job_file, group=group, still_wanted=self._check_others)
        except BaseException as error:
            if self._alive():
                fault = str(error) if isinstance(error, UserError) else "it was stopped"
                self._store.set(self._failed(place.node_rank), f"machine {place.node_rank}: {fault}")
            raise

    def _connect(self) -> None:
        from torch.distributed import DistError, TCPStore

        place = self.place
        try:
            self._store = TCPStore(
                place.address, place.port, is_master=place.node_rank == 0, timeout=_CONNECT, wait_for_workers=False
            )
        except (DistError, OSError) as error:
            raise UserError(
                f"machine {place.node_rank} cannot reach {place.address}:{place.port}, or the port is taken: "
                f"{str(error).splitlines()[0]}; {_HOW}"
            ) from error

    def _announce(self, message: dict[str, Any]) -> None:
        self._launch += 1
        self._store.set(f"launch/{self._launch}", json.dumps(message))

    def _next_announcement(self) -> dict[str, Any]:
        self._launch += 1
        key = f"launch/{self._launch}"
        while True:
            if not self._alive():
                raise UserError(f"the first machine ({self.place.address}) is gone; what is finished is kept there")
            if self._store.check([key]):
                return json.loads(self._store.get(key))
            time.sleep(_POLL_SECONDS)

    def _check_others(self) -> None:
        """Give up when another machine has failed, or the first one is gone."""
        if not self._alive():
            raise UserError("the first machine is gone")
        for rank in range(self.place.num_nodes):
            if rank != self.place.node_rank and self._store.check([self._failed(rank)]):
                raise UserError(self._store.get(self._failed(rank)).decode())

    def _failed(self, rank: int) -> str:
        return f"failed/{self._launch}/{rank}"

    def _alive(self) -> bool:
        from torch.distributed import DistError

        try:
            self._store.check(["launch/1"])
        except (DistError, RuntimeError):
            return False
        return True


def _check(name: str, found: str, wanted: int) -> None:
    if int(found) != wanted:
        raise UserError(f"{name}={found}, but {wanted} is wanted: {_HOW}, and say strategy.num_nodes accordingly")


def _visible(path: Path) -> Path:
    """Wait for a file that another machine has written; a network file system may show it late."""
    until = time.monotonic() + _FILE_SECONDS
    while not path.exists():
        if time.monotonic() > until:
            raise UserError(
                f"{path} is not to be seen: runs_dir and cache_dir have to lie on a disk all machines share"
            )
        time.sleep(_POLL_SECONDS)
    return path
