"""A session on several devices: whole groups go to whichever device is free, so the text does not depend on their number."""

import os
import socket
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from thoughtrank.engines.decoding.devices.records import Done, Failed, Job, Settings, Step
from thoughtrank.engines.protocol import (
    Continuation,
    ContinuationScore,
    FinishedGroup,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)
from thoughtrank.errors import UserError
from thoughtrank.process.child_module import module_command

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_ENDED = "the process of a device has ended; see its message above, and run the same command again"


@dataclass(eq=False, slots=True)
class _Task:
    """Opening the model, or a job on its way."""

    on_step: OnStep | None = None
    done: Done | None = None


@dataclass(eq=False, slots=True)
class DeviceWorker:
    """The process of one device, as this one sees it.

    Attributes:
        connection: to it.
        process: None in tests.
        task: that it does, at first opening the model; None while it is idle.
    """

    connection: "Connection[Any, Any]"
    process: "subprocess.Popen[bytes] | None" = None
    task: _Task | None = field(default_factory=_Task)


def start_worker(settings: Settings, number: int) -> DeviceWorker:
    """Start the process of one device."""
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
    worker = DeviceWorker(Connection(ours.detach()), process)
    worker.connection.send(settings)
    return worker


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


def close_workers(workers: Sequence[DeviceWorker]) -> None:
    """End the processes; closing twice does no harm."""
    for worker in workers:
        worker.connection.close()
        if worker.process is not None:
            worker.process.terminate()
    for worker in workers:
        if worker.process is not None:
            worker.process.wait()


def _receive(worker: DeviceWorker) -> Step | Done:
    """The next record of a worker.

    Raises:
        UserError: it reports one, or it has ended.
    """
    try:
        record = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        raise UserError(_ENDED) from None
    if isinstance(record, Failed):
        if record.kind == "user":
            raise UserError(*record.sentences)
        raise RuntimeError(f"in the process of a device: {record.sentences[0]}")
    return record


class DevicesSession:
    """See ``EngineSession``. The first device opens the model at once, the others when there is a second group.

    Args:
        start: starts the process of the device with a number; it is closed with the session.
        devices: how many there are.

    Raises:
        UserError: the first one cannot open the model.
    """

    def __init__(self, start: Callable[[int], DeviceWorker], *, devices: int) -> None:
        self._start = start
        self._devices = devices
        self._facts: dict[str, object] = {}
        self._workers = [start(0)]
        try:
            while self._workers[0].task is not None:
                self._pump()
        except BaseException:
            close_workers(self._workers)
            raise

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``; on one device."""
        return self._finished(self._begin(Job(list(requests), limits), on_step))

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        """See ``OverlappingSession``; every device does another group, and the first finished is the first returned."""
        begun: dict[int, _Task] = {}
        for place, group in enumerate(groups):
            while place > 0 and len(self._workers) < self._devices:
                self._workers.append(self._start(len(self._workers)))
            # A device that is done gets its next group before the finished one is handed out.
            begun[place] = self._begin(Job(list(group), limits), on_step)
            yield from _pop_finished(begun)
        while begun:
            yield from _pop_finished(begun)
            if begun:
                self._pump()

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """See ``EngineSession``; on one device."""
        return self._finished(self._begin(Job(list(requests), None), on_step))

    def _begin(self, job: Job, on_step: OnStep | None) -> _Task:
        """Give a job to the first worker that is idle."""
        while (worker := next((each for each in self._workers if each.task is None), None)) is None:
            self._pump()
        worker.task = _Task(on_step)
        try:
            worker.connection.send(job)
        except BrokenPipeError:
            raise UserError(_ENDED) from None
        return worker.task

    def _finished(self, task: _Task) -> list[Any]:
        while task.done is None:
            self._pump()
        return task.done.results

    def _pump(self) -> None:
        """Take one record of every worker that has sent one."""
        busy = {each.connection: each for each in self._workers if each.task is not None}
        for connection in wait(list(busy)):
            worker = busy[connection]  # type: ignore[index]
            task, record = worker.task, _receive(worker)
            if task is None:
                continue
            if isinstance(record, Step):
                if task.on_step is not None:
                    task.on_step(record.tokens, record.finished)
            else:
                task.done, worker.task = record, None
                self._facts |= record.facts

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``; of the device that was the last to finish a group, with the number of those that were used."""
        return {**self._facts, "devices": len(self._workers)}

    def __enter__(self) -> "DevicesSession":
        return self

    def __exit__(self, *exception: object) -> None:
        """End the processes, whatever they are doing."""
        close_workers(self._workers)


def _pop_finished(begun: dict[int, _Task]) -> Iterator[FinishedGroup]:
    """Take out the tasks that are finished."""
    for place in [place for place, task in begun.items() if task.done is not None]:
        done = begun.pop(place).done
        if done is not None:
            yield FinishedGroup(place, done.results)
