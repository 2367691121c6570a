"""Runs requests in parallel as they come; after a failure none is started, and those in flight are finished."""

import threading
from collections.abc import Callable, Generator, Hashable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ResultT = TypeVar("ResultT")


class _Outcome(NamedTuple, Generic[KeyT, ResultT]):
    """Of one job: ``results`` has its result; it is empty if the job failed or another one had failed before it started."""

    key: KeyT
    results: tuple[ResultT, ...]
    error: BaseException | None = None


class _Workers(Generic[KeyT, ResultT]):
    """Threads that run jobs in the order in which they are given; started as they are needed."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._threads: list[threading.Thread] = []
        self._todo: SimpleQueue[tuple[KeyT, Callable[[], ResultT]] | None] = SimpleQueue()
        self._done: SimpleQueue[_Outcome[KeyT, ResultT]] = SimpleQueue()
        self._failed = threading.Event()
        self.unfinished = 0

    def give(self, key: KeyT, job: Callable[[], ResultT]) -> None:
        self._todo.put((key, job))
        self.unfinished += 1
        if len(self._threads) < min(self._concurrency, self.unfinished):
            self._start_thread()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"branch-{len(self._threads)}")
        try:
            thread.start()
        except RuntimeError:
            # The system allows no further thread: containers often have a limit. The ones that there are do the work.
            if not self._threads:
                raise
            self._concurrency = len(self._threads)
        else:
            self._threads.append(thread)

    def outcome(self) -> _Outcome[KeyT, ResultT]:
        """The next one; waits for it."""
        outcome = self._done.get()
        self.unfinished -= 1
        return outcome

    def end(self, *, stop: Callable[[], None]) -> None:
        """Start no further job, and wait for those in flight, which ``stop`` makes end soon."""
        self._failed.set()
        with suppress(Empty):
            while True:
                self._done.get_nowait()
                self.unfinished -= 1
        if self.unfinished:
            stop()
        for _ in self._threads:
            self._todo.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (given := self._todo.get()) is not None:
            key, job = given
            self._done.put(self._outcome_of(key, job))

    def _outcome_of(self, key: KeyT, job: Callable[[], ResultT]) -> _Outcome[KeyT, ResultT]:
        if self._failed.is_set():
            return _Outcome(key, ())
        try:
            return _Outcome(key, (job(),))
        except BaseException as error:
            self._failed.set()
            return _Outcome(key, (), error)


def run_in_parallel(
    jobs: Iterable[tuple[KeyT, Callable[[], ResultT]]], *, concurrency: int, stop: Callable[[], None]
) -> Generator[tuple[KeyT, ResultT], None, None]:
    """Every job's key and result, as soon as the job is done.

    The next jobs are taken from ``jobs`` in this thread, at most as many ahead as may run at once. They also run while the
    caller is busy with a result.

    Args:
        jobs: keys and what is called in threads; the iterator may be lazy.
        concurrency: most jobs at once.
        stop: called after an error or an interrupt while jobs are still in flight; it makes them end soon.

    Raises:
        Exception: what the first failed job raised.
    """
    waiting = iter(jobs)
    workers: _Workers[KeyT, ResultT] = _Workers(concurrency)
    is_last = False
    try:
        while True:
            while not is_last and workers.unfinished < 2 * concurrency:
                job = next(waiting, None)
                if job is None:
                    is_last = True
                else:
                    workers.give(*job)
            if not workers.unfinished:
                return
            outcome = workers.outcome()
            if outcome.error is not None:
                raise outcome.error
            # No result only after another job has failed, whose error is raised in a later turn of this loop.
            for result in outcome.results:
                yield outcome.key, result
    finally:
        workers.end(stop=stop)
