import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.execution.rate_limits import RateLimiter, Stopped


class Time:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def limiter(time, **limits):
    """A limiter whose waiting moves the clock instead of taking time."""
    made = RateLimiter(clock=time, **limits)

    def wait(seconds):
        time.now += seconds

    made._changed.wait = wait
    return made


def most_in_a_minute(events):
    """The largest sum of weights in any 60 seconds that begin at an event."""
    return max(sum(weight for at, weight in events if start <= at < start + 60) for start, _ in events)


@given(per_minute=st.integers(1, 600), pauses=st.lists(st.floats(0, 20), max_size=8))
def test_no_minute_holds_more_requests_than_allowed(per_minute, pauses):
    time = Time()
    made = limiter(time, requests_per_minute=per_minute)
    events = []
    for index in range(min(3 * per_minute, 900)):
        time.now += pauses[index // 100] if index % 100 == 0 and index // 100 < len(pauses) else 0.0
        made.wait(0, threading.Event())
        events.append((time.now, 1))
    assert most_in_a_minute(events) <= per_minute


def test_nearly_all_of_the_allowed_rate_is_used():
    time = Time()
    made = limiter(time, requests_per_minute=600)
    for _ in range(6000):
        made.wait(0, threading.Event())
    assert 6000 / (time.now - 1000) * 60 >= 0.95 * 600


def test_tokens_are_booked_from_the_bound_and_corrected_afterwards():
    time = Time()
    made = limiter(time, tokens_per_minute=60_000)
    events = []
    for _ in range(400):
        booked = made.wait(4000, threading.Event())
        events.append((time.now, 1000))
        made.settle(bound=4000, booked=booked, used=1000)
    assert most_in_a_minute(events) <= 60_000 + 2000
    assert 400_000 / (time.now - 1000) * 60 >= 0.95 * 60_000


def test_an_attempt_larger_than_a_minutes_allowance_passes_in_the_end():
    time = Time()
    made = limiter(time, tokens_per_minute=100)
    for _ in range(2):
        made.wait(500, threading.Event())
    assert time.now - 1000 >= 300


def test_a_pause_holds_everybody():
    time = Time()
    made = limiter(time)
    made.pause(7.0)
    made.wait(10, threading.Event())
    assert time.now >= 1007


def test_a_stop_ends_the_wait():
    stop = threading.Event()
    made = RateLimiter(requests_per_minute=1)
    made.wait(0, stop)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Stopped):
        made.wait(0, stop)
