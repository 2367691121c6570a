"""Runs the requests of a group in parallel; after a failure none is started, and those in flight are finished."""

import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ResultT = TypeVar("ResultT")


def run_in_parallel(
    jobs: Mapping[KeyT, Callable[[], ResultT]],
    *,
    concurrency: int,
    stop: Callable[[], None],
    on_result: Callable[[KeyT, ResultT], None],
) -> dict[KeyT, ResultT]:
    """The result of every job, by key.

    Args:
        jobs: called in threads.
        concurrency: most jobs at once.
        stop: called after an error or an interrupt while jobs are still in flight; it makes them end soon.
        on_result: called in this thread, as soon as a job is done.

    Raises:
        Exception: what the first failed job raised.
    """
    results: dict[KeyT, ResultT] = {}
    failed = threading.Event()

    def run(key: KeyT) -> tuple[ResultT] | None:
        """One result; None if another job failed before this one started."""
        if failed.is_set():
            return None
        try:
            return (jobs[key](),)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="branch") as pool:
        futures = {pool.submit(run, key): key for key in jobs}
        try:
            for future in as_completed(futures):
                # None only after another job has failed, whose error is raised in a later turn of this loop.
                if (found := future.result()) is not None:
                    results[futures[future]] = found[0]
                    on_result(futures[future], found[0])
        finally:
            # Reached early only by an error, from a job or from the caller's interrupt.
            failed.set()
            pool.shutdown(wait=False, cancel_futures=True)
            if not all(future.done() for future in futures):
                stop()
    return results
