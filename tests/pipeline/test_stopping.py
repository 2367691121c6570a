"""A run that is asked to stop does so in seconds, and says so in its log."""

import os
import signal
import time

import pytest
from openai_server import OpenAIServer

JUDGED = ["run=stopped", "rounds=1", "judge=openai", "judge.model=test-judge", "stop_after=ranking"]


@pytest.fixture
def server():
    running = OpenAIServer()
    yield running
    running.close()


def wait_for(condition):
    until = time.monotonic() + 120
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def log_of(workplace):
    return [line.partition("] ")[2] for line in workplace.path("stopped", "run.log").read_text().splitlines()]


@pytest.fixture
def judging(workplace, server):
    """A run whose judge does not reply, with a call in flight; and the same run again, with a judge that replies."""
    workplace.environment["OPENAI_API_KEY"] = "key-of-this-test"
    overrides = [*JUDGED, f"judge.base_url={server.url}", "judge.concurrency=1"]
    server.honest_delay = 600.0
    process = workplace.start(*overrides)
    wait_for(lambda: server.received)

    def resume():
        server.honest_delay = 0.0
        return workplace.run(*overrides)

    yield process, resume
    process.kill()


def test_sigterm_does_not_wait_for_the_timeout_of_the_judge(workplace, judging):
    process, resume = judging
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - sent < 30  # judge.timeout_seconds is 120
    assert process.returncode == 128 + signal.SIGTERM
    assert "run the same command again to resume" in output
    assert "Traceback" not in output
    resume()
    start, stopped, again, ended = log_of(workplace)
    assert start.startswith("started: ")
    assert stopped == "stopped by SIGTERM"
    assert again.startswith("started: ")
    assert ended.startswith("ended after ")


def test_a_second_signal_ends_at_once(workplace, judging):
    process, resume = judging
    process.send_signal(signal.SIGINT)
    wait_for(lambda: log_of(workplace)[-1] == "stopped by SIGINT")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    # The signal itself ended it, not the program after its grace period.
    assert process.returncode == -signal.SIGINT
    resume()


def test_a_run_that_was_killed_is_said_to_have_been_in_its_log(workplace, judging):
    process, resume = judging
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    resume()
    assert log_of(workplace)[1] == "stopped: the attempt above was killed, or the machine failed"
