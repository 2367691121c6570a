"""Several sessions with the same model: whole groups go to whichever is idle, so the text does not depend on their number."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from thoughtrank.engines.protocol import (
    Continuation,
    ContinuationScore,
    EngineSession,
    FinishedGroup,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)

Group = TypeVar("Group")
Result = TypeVar("Result")


class _Cancelled(Exception):  # no error: the caller needs the results of this group no longer
    """Ends the work on a group at its next step."""


class SessionPool:
    """See ``OverlappingSession`` and ``ConcurrentSession``. After an error in a group nothing more can be asked.

    Args:
        first: open already; closed with the pool, like all others.
        another: opens the session with a number, when a group finds no idle one.
        at_most: sessions.
        threads: with which torch computes in each of them, if they are in this process. None leaves torch as it is.
    """

    def __init__(
        self,
        first: EngineSession,
        another: Callable[[int], EngineSession],
        *,
        at_most: int,
        threads: int | None = None,
    ) -> None:
        self._another = another
        self._at_most = at_most
        self._threads = threads
        self._sessions = [first]
        self._idle = [first]
        self._changed = threading.Condition()
        self._reporting = threading.Lock()
        self._cancelled = threading.Event()

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``; of one of the sessions."""
        with self._session() as session:
            return session.generate(requests, limits=limits, on_step=self._reports(on_step))

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """See ``EngineSession``; of one of the sessions."""
        with self._session() as session:
            return session.score(requests, on_step=self._reports(on_step))

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        """See ``OverlappingSession``; the first finished is the first returned."""

        def work(group: Sequence[GenerationRequest]) -> list[list[Continuation]]:
            return self.generate(group, limits=limits, on_step=on_step)

        for place, results in self.each_group(groups, work):
            yield FinishedGroup(place, results)

    def each_group(
        self, groups: Iterable[Group], work: Callable[[Group], Result]
    ) -> Generator[tuple[int, Result], None, None]:
        """See ``ConcurrentSession``; the next group is begun before a finished one is handed out, unless one failed."""
        waiting = enumerate(groups)
        running: dict[Future[Result], int] = {}
        with ThreadPoolExecutor(self._at_most, thread_name_prefix="group") as threads:

            def begin(number: int) -> None:
                for place, group in islice(waiting, number):
                    running[threads.submit(work, group)] = place

            try:
                begin(self._at_most)
                while running:
                    done = wait(running, return_when=FIRST_COMPLETED).done
                    failed = {future for future in done if future.exception() is not None}
                    # The caller saves what is finished before it learns of an error.
                    for future in (*(done - failed), *failed):
                        place = running.pop(future)
                        begin(0 if failed else 1)
                        yield place, future.result()
            except BaseException:
                self._cancelled.set()
                raise

    @contextmanager
    def _session(self) -> Iterator[EngineSession]:
        """An idle session, with torch's threads as they are to be."""
        session = self._take()
        try:
            with _torch_threads(self._threads):
                yield session
        finally:
            with self._changed:
                self._idle.append(session)
                self._changed.notify()

    def _take(self) -> EngineSession:
        with self._changed:
            if not self._idle and len(self._sessions) < self._at_most:
                self._sessions.append(self._another(len(self._sessions)))
                return self._sessions[-1]
            self._changed.wait_for(lambda: self._idle)
            return self._idle.pop()

    def _reports(self, on_step: OnStep | None) -> OnStep:
        """Reports one step after the other, and ends the work of a pool that is to be closed."""

        def report(tokens: int, finished: int) -> None:
            if self._cancelled.is_set():
                raise _Cancelled
            if on_step is not None:
                with self._reporting:
                    on_step(tokens, finished)

        return report

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``; of all sessions together, with the number of those that were used."""
        facts: dict[str, object] = {}
        for session in self._sessions:
            facts |= session.facts()
        threads = {} if self._threads is None else {"threads": self._threads}
        return {**facts, **threads, "devices": len(self._sessions)}

    def __enter__(self) -> "SessionPool":
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the sessions."""
        for session in self._sessions:
            session.__exit__(*exception)


@contextmanager
def _torch_threads(number: int | None) -> Iterator[None]:
    """Let torch compute with so many threads in this thread."""
    if number is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
