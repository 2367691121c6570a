"""Requests go to the least busy server that is not paused."""

import threading
import time

import pytest

from thoughtrank.engines.serving.server_pool import InterruptedRequestError, ServerPool


@pytest.fixture
def pool():
    return ServerPool(base_urls=["http://a:1/v1", "http://user:secret@b:1/v1"], key=None, timeout_seconds=1.0)


def test_concurrent_requests_are_distributed(pool):
    with pool.server() as first, pool.server() as second:
        assert {first.url, second.url} == {"http://a:1/v1", "http://b:1/v1"}
        assert (first.active, second.active) == (1, 1)
    assert (first.active, second.active) == (0, 0)


def test_requests_one_after_the_other_alternate(pool):
    urls = []
    for _ in range(4):
        with pool.server() as server:
            urls.append(server.url)
    assert urls[0] != urls[1]
    assert urls[:2] == urls[2:]


def test_a_server_is_free_again_after_an_error(pool):
    with pytest.raises(ValueError, match="failed"), pool.server() as server:
        raise ValueError("failed")
    assert server.active == 0


def test_a_paused_server_is_avoided_and_when_all_are_paused_the_first_one_ready_is_waited_for(pool):
    one, other = pool.servers
    pool.pause(one, seconds=60)
    for _ in range(3):
        with pool.server() as server:
            assert server is other
    started = time.monotonic()
    pool.pause(other, seconds=0.2)
    with pool.server() as server:
        assert server is other
    assert time.monotonic() - started >= 0.19


def test_a_shorter_pause_does_not_end_a_longer_one(pool):
    one, other = pool.servers
    pool.pause(one, seconds=60)
    pool.pause(one, seconds=0)
    with pool.server() as server:
        assert server is other


def test_stopping_interrupts_those_who_wait(pool):
    for server in pool.servers:
        pool.pause(server, seconds=60)
    threading.Timer(0.1, pool.stop).start()
    with pytest.raises(InterruptedRequestError), pool.server():
        pass
