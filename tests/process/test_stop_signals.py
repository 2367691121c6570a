"""What a stop signal does to a process, whatever it is waiting for."""

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from thoughtrank.process import stop_signals
stop_signals.GRACE_SECONDS = 1.0
stop_signals.handle_stop_signals()
with stop_signals.at_stop(lambda name: print("action", name, flush=True)):
    print("ready", flush=True)
    {work}
"""
UNTIL_STOPPED = "time.sleep(600)"
A_REQUEST_THAT_TAKES_LONG = "with ThreadPoolExecutor() as pool: pool.submit(time.sleep, 600)"


@pytest.fixture
def start():
    """Starts a program, and returns when its handlers are in place."""
    processes = []

    def start(work, **options):
        command = [sys.executable, "-c", PROGRAM.format(work=work)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in processes:
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_process_with_a_message_and_its_status(start, number):
    process = start(UNTIL_STOPPED)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert "run the same command again to resume" in errors
    assert output == f"action {number.name}\n"
    # Without the command line's own handler of KeyboardInterrupt Python ends by the signal itself.
    assert process.returncode in (128 + number, -signal.SIGINT)


def test_a_request_that_takes_long_is_abandoned(start):
    process = start(A_REQUEST_THAT_TAKES_LONG)
    process.send_signal(signal.SIGTERM)
    sent = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - sent < 10


def test_a_request_that_soon_ends_is_waited_for(start):
    work = (
        "stop_signals.GRACE_SECONDS = 60\n"
        "    with ThreadPoolExecutor() as pool:\n"
        "        request = pool.submit(lambda: (time.sleep(0.5), print('reply kept', flush=True)))\n"
        "        print('sent', flush=True)\n"
        "        request.result()"
    )
    process = start(work)
    assert process.stdout.readline() == "sent\n"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert output.splitlines() == ["action SIGTERM", "reply kept"]


def test_a_second_signal_ends_the_process_at_once(start):
    process = start(A_REQUEST_THAT_TAKES_LONG.replace("with", "stop_signals.GRACE_SECONDS = 600\n    with"))
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "action SIGTERM\n"
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    assert process.returncode == -signal.SIGTERM


def test_a_program_started_with_nohup_goes_on(start):
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = start("time.sleep(0.5); print('went on')", **ignoring)
    os.kill(process.pid, signal.SIGHUP)
    output, _ = process.communicate(timeout=60)
    assert (output, process.returncode) == ("went on\n", 0)
