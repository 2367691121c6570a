"""A session in a process of its own, which sees one of the devices."""

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from thoughtrank.engines.decoding.devices.records import Done, Failed, Job, Settings, Step
from thoughtrank.engines.protocol import (
    Continuation,
    ContinuationScore,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)
from thoughtrank.errors import UserError
from thoughtrank.process.child_module import module_command

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_ENDED = "the process of a device has ended; see its message above, and run the same command again"
_SECONDS = 0.2
"""Without news, after which ``on_step`` is called all the same: it may want to end the work."""


class DeviceProcess:
    """See ``EngineSession``; one call at a time. The process opens the model while this one goes on.

    Args:
        connection: to the process; closed with the session.
        process: None in tests.
    """

    def __init__(self, connection: "Connection[Any, Any]", process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.process = process
        self._connection = connection
        self._is_open = False
        self._facts: dict[str, object] = {}

    def wait_until_open(self, on_step: OnStep | None = None) -> None:
        """Return when the model is open.

        Raises:
            UserError: it cannot be opened.
        """
        if not self._is_open:
            self._results(on_step)
            self._is_open = True

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``."""
        return self._do(Job(list(requests), limits), on_step)

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """See ``EngineSession``."""
        return self._do(Job(list(requests), None), on_step)

    def _do(self, job: Job, on_step: OnStep | None) -> list[Any]:
        self.wait_until_open(on_step)
        try:
            self._connection.send(job)
        except BrokenPipeError:
            raise UserError(_ENDED) from None
        return self._results(on_step)

    def _results(self, on_step: OnStep | None) -> list[Any]:
        """Of what the process is doing.

        Raises:
            UserError: the process reports one, or it has ended.
        """
        while True:
            record = self._record()
            if isinstance(record, Done):
                self._facts = record.facts
                return record.results
            if on_step is not None:
                on_step(record.tokens, record.finished)

    def _record(self) -> Step | Done:
        """The next record of the process; a step of nothing if it has sent none for a while."""
        try:
            record = self._connection.recv() if self._connection.poll(_SECONDS) else Step(0, 0)
        except (EOFError, ConnectionResetError):
            raise UserError(_ENDED) from None
        if isinstance(record, Failed):
            if record.kind == "user":
                raise UserError(*record.sentences)
            raise RuntimeError(f"in the process of a device: {record.sentences[0]}")
        return record

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``."""
        return dict(self._facts)

    def __enter__(self) -> "DeviceProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process, whatever it is doing."""
        self._connection.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def start_device_process(settings: Settings, number: int) -> DeviceProcess:
    """Start the process of the device with a number."""
    ours, theirs = socket.socketpair()
    command = module_command("thoughtrank.engines.decoding.devices.worker", str(theirs.fileno()))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        env={**os.environ, **device_environment(os.environ, number, found=_num_cuda_devices())},
        start_new_session=True,
    )
    theirs.close()
    connection: Connection[Any, Any] = Connection(ours.detach())
    connection.send(settings)
    return DeviceProcess(connection, process)


def _num_cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()


def device_environment(environment: Mapping[str, str], number: int, *, found: int) -> dict[str, str]:
    """The variable that leaves a process one of the CUDA devices that this one sees; more processes than devices share them.

    Args:
        environment: of this process.
        number: of the process.
        found: CUDA devices that this process sees.
    """
    if not found:
        return {}
    named = [each.strip() for each in environment.get(_VISIBLE, "").split(",") if each.strip()]
    place = number % found
    return {_VISIBLE: named[place] if place < len(named) else str(place)}
