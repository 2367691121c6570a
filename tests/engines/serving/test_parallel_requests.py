"""Every job runs once; a failure ends the group and is raised, and nothing new is started."""

import threading
import time
from functools import partial

import pytest

from thoughtrank.engines.serving.parallel_requests import run_in_parallel


def ignore(*_arguments):
    pass


def test_results_come_by_key_and_are_reported_once():
    seen = {}
    results = run_in_parallel(
        {number: partial(pow, number, 2) for number in range(20)},
        concurrency=4,
        stop=ignore,
        on_result=seen.__setitem__,
    )
    assert results == seen == {number: number**2 for number in range(20)}


def test_a_result_of_none_is_a_result():
    assert run_in_parallel({"a": lambda: None}, concurrency=1, stop=ignore, on_result=ignore) == {"a": None}


def test_no_more_jobs_than_that_run_at_once():
    running, most, lock = 0, 0, threading.Lock()

    def job():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    run_in_parallel(dict.fromkeys(range(12), job), concurrency=3, stop=ignore, on_result=ignore)
    assert most == 3


def test_after_a_failure_nothing_is_started_and_its_error_is_raised():
    started = []

    def job(number):
        started.append(number)
        if number == 2:
            raise KeyError("broken")
        time.sleep(0.02)

    jobs = {number: partial(job, number) for number in range(100)}
    with pytest.raises(KeyError, match="broken"):
        run_in_parallel(jobs, concurrency=2, stop=ignore, on_result=ignore)
    assert len(started) <= 5


def test_an_interrupt_stops_what_is_in_flight():
    started, stopped = threading.Event(), threading.Event()

    def slow():
        started.set()
        stopped.wait(20)

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_parallel(
            {"quick": partial(started.wait, 20), "slow": slow}, concurrency=2, stop=stopped.set, on_result=interrupt
        )
    assert stopped.is_set()
