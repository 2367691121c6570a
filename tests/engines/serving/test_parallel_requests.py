"""Every job runs once; a failure ends all and is raised, and nothing new is started."""

import threading
import time
from functools import partial

import pytest

from thoughtrank.engines.serving.parallel_requests import run_in_parallel


def ignore(*_arguments):
    pass


def test_every_job_gives_its_result_once():
    results = list(
        run_in_parallel(((number, partial(pow, number, 2)) for number in range(20)), concurrency=4, stop=ignore)
    )
    assert sorted(results) == [(number, number**2) for number in range(20)]


def test_a_result_of_none_is_a_result():
    assert list(run_in_parallel([("a", lambda: None)], concurrency=1, stop=ignore)) == [("a", None)]


def test_without_jobs_there_is_no_result():
    assert list(run_in_parallel([], concurrency=4, stop=ignore)) == []


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

    assert len(list(run_in_parallel([(n, job) for n in range(12)], concurrency=3, stop=ignore))) == 12
    assert most == 3


def test_jobs_are_taken_as_they_are_needed_and_run_while_a_result_is_used():
    taken, done = [], []

    def jobs():
        for number in range(20):
            taken.append(number)
            yield number, partial(done.append, number)

    results = run_in_parallel(jobs(), concurrency=2, stop=ignore)
    next(results)
    assert len(taken) == 4
    until = time.monotonic() + 20
    while len(done) < 4 and time.monotonic() < until:
        time.sleep(0.001)
    # All that was taken has run, although only one result was asked for.
    assert sorted(done) == taken
    assert len(list(results)) == 19


def test_where_the_system_allows_fewer_threads_those_do_the_work(monkeypatch):
    started, start = [], threading.Thread.start

    def limited(self):
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(self.name)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    results = run_in_parallel(((number, partial(pow, number, 2)) for number in range(20)), concurrency=8, stop=ignore)
    assert sorted(results) == [(number, number**2) for number in range(20)]
    assert started == ["branch-0", "branch-1"]


def test_after_a_failure_nothing_is_started_and_its_error_is_raised():
    started = []

    def job(number):
        started.append(number)
        if number == 2:
            raise KeyError("broken")
        time.sleep(0.02)

    with pytest.raises(KeyError, match="broken"):
        list(run_in_parallel(((number, partial(job, number)) for number in range(100)), concurrency=2, stop=ignore))
    assert len(started) <= 5


def test_an_error_while_a_result_is_used_stops_what_is_in_flight_and_waits_for_it():
    started, stopped, ended = threading.Event(), threading.Event(), threading.Event()

    def slow():
        started.set()
        stopped.wait(20)
        ended.set()

    results = run_in_parallel([("quick", partial(started.wait, 20)), ("slow", slow)], concurrency=2, stop=stopped.set)
    assert next(results) == ("quick", True)
    results.close()
    assert stopped.is_set()
    assert ended.is_set()
