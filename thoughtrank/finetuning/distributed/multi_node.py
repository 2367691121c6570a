"""Training on several machines: machine 0 runs the pipeline, the others only train.

The same command is started once on every machine, by ``torchrun``, by ``srun``, or by hand; see ``rendezvous``. Machine 0
opens a key-value store (torch's ``TCPStore``) and announces each training in it. The others wait for announcements, and detect
that machine 0 is gone because its store no longer answers.
"""

import json
import socket
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypedDict

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed.listen_address import LISTEN
from thoughtrank.finetuning.distributed.process_launcher import LaunchConfig, run_ranks
from thoughtrank.finetuning.distributed.rank_store import listening_socket
from thoughtrank.finetuning.distributed.rendezvous import HOW_TO_START, Rendezvous
from thoughtrank.output.terminal import print_text

if TYPE_CHECKING:
    from torch.distributed import TCPStore

_POLL_SECONDS = 0.5
_CONNECT_TIMEOUT = timedelta(minutes=30)
_SHUTDOWN_SECONDS = 20.0
_FILE_TIMEOUT_SECONDS = 120.0


class _Announcement(TypedDict, total=False):
    """What machine 0 sends: a job and the port of its ranks, or the end of the run."""

    job: str
    port: int
    end: bool


class MultiNodeTraining:
    """All trainings of a run, seen from one of its machines.

    A context manager: when machine 0 leaves it, the other machines end too. With one machine it only starts ranks.

    Args:
        rendezvous: which machine this is.
    """

    def __init__(self, rendezvous: Rendezvous) -> None:
        self.rendezvous = rendezvous
        self._connection: TCPStore | None = None
        self._launch = 0

    def __enter__(self) -> "MultiNodeTraining":
        if self.rendezvous.num_nodes > 1:
            self._connection = self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection is None or self.rendezvous.node_rank:
            return
        self._announce({"end": True})
        others = [f"gone/{rank}" for rank in range(1, self.rendezvous.num_nodes)]
        until = time.monotonic() + _SHUTDOWN_SECONDS
        # The store ends with this process; a machine that has not read the end by then takes it for a crash.
        while time.monotonic() < until and not self._connection.check(others):
            time.sleep(0.05)

    def train(self, job_file: Path, *, devices: int) -> None:
        """On machine 0: run a job with ``devices`` training processes on every machine.

        Raises:
            UserError: see ``run_ranks``; faults that other machines report are included.
        """
        if self._connection is None:
            run_ranks(job_file, launch=LaunchConfig(devices=devices))
            return
        listening = listening_socket(self.rendezvous.listen)
        port = listening.getsockname()[1]
        self._announce({"job": str(job_file.absolute()), "port": port})
        self._run(job_file, port=port, devices=devices, listening=listening)

    def follow(self, *, devices: int) -> None:
        """On the other machines: take part in every training until the run on machine 0 ends.

        Raises:
            UserError: machine 0 is gone without having announced the end.
        """
        while True:
            announced = self._next_announcement()
            if "end" in announced:
                self._store.set(f"gone/{self.rendezvous.node_rank}", "")
                return
            try:
                self._run(Path(announced["job"]), port=announced["port"], devices=devices)
            except UserError as error:
                if not self._first_machine_answers():
                    raise
                # Machine 0 decides whether the run continues.
                print_text(f"training failed on machine {self.rendezvous.node_rank}: {error}")

    @property
    def _store(self) -> "TCPStore":
        if self._connection is None:
            raise RuntimeError("not connected: enter the context manager, with more than one machine")
        return self._connection

    def _run(self, job_file: Path, *, port: int, devices: int, listening: socket.socket | None = None) -> None:
        here = self.rendezvous
        launch = LaunchConfig(
            devices=devices, num_nodes=here.num_nodes, node_rank=here.node_rank, address=here.address, port=port
        )
        try:
            if here.node_rank:
                _wait_for_file(job_file)
            run_ranks(job_file, launch=launch, check=self._check_others, listening=listening)
        except BaseException as error:
            if self._first_machine_answers():
                fault = str(error) if isinstance(error, UserError) else "it was stopped"
                self._store.set(self._failure_key(here.node_rank), f"machine {here.node_rank}: {fault}")
            raise

    def _connect(self) -> "TCPStore":
        from torch.distributed import DistError, TCPStore

        here = self.rendezvous
        try:
            # Torch would listen on every interface.
            listening = None if here.node_rank else listening_socket(here.listen, here.port).detach()
            return TCPStore(
                here.address,
                here.port,
                is_master=here.node_rank == 0,
                timeout=_CONNECT_TIMEOUT,
                wait_for_workers=False,
                master_listen_fd=listening,
            )
        except (DistError, OSError, OverflowError) as error:
            raise UserError(
                f"machine {here.node_rank} cannot reach {here.address}:{here.port}, or the port is taken, or the address is "
                f"not that of the first machine ({LISTEN} can name another one): {str(error).splitlines()[0]}; {HOW_TO_START}"
            ) from error

    def _announce(self, message: _Announcement) -> None:
        self._launch += 1
        self._store.set(f"launch/{self._launch}", json.dumps(message))

    def _next_announcement(self) -> _Announcement:
        self._launch += 1
        key = f"launch/{self._launch}"
        while True:
            if not self._first_machine_answers():
                raise UserError(
                    f"the first machine ({self.rendezvous.address}) is gone; finished stages are kept on its disk"
                )
            if self._store.check([key]):
                message: _Announcement = json.loads(self._store.get(key))
                return message
            time.sleep(_POLL_SECONDS)

    def _check_others(self) -> None:
        """Abandon the training when another machine has failed, or machine 0 is gone."""
        if not self._first_machine_answers():
            raise UserError("the first machine is gone")
        for rank in range(self.rendezvous.num_nodes):
            if rank != self.rendezvous.node_rank and self._store.check([self._failure_key(rank)]):
                raise UserError(self._store.get(self._failure_key(rank)).decode())

    def _failure_key(self, rank: int) -> str:
        return f"failed/{self._launch}/{rank}"

    def _first_machine_answers(self) -> bool:
        from torch.distributed import DistError

        try:
            self._store.check(["launch/1"])
        except (DistError, RuntimeError):
            return False
        return True


def _wait_for_file(path: Path) -> None:
    """Wait for a file that another machine has written; a network file system may show it late.

    Raises:
        UserError: it does not appear.
    """
    until = time.monotonic() + _FILE_TIMEOUT_SECONDS
    while not path.exists():
        if time.monotonic() > until:
            raise UserError(f"{path} does not appear: runs_dir and cache_dir must be on a disk that all machines share")
        time.sleep(_POLL_SECONDS)
