"""What a stop signal does to a process, whatever it is waiting for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

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


INTERRUPTED_BY_ITS_IMPORTS = """
import os, runpy, signal, sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "hydra":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["train.py", "--version"]
runpy.run_path("train.py", run_name="__main__")
"""


@pytest.mark.parametrize("ignored", [False, True])
def test_ctrl_c_during_the_imports_ends_without_a_traceback_unless_it_is_ignored(ignored):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        process = subprocess.run(
            [sys.executable, "-c", INTERRUPTED_BY_ITS_IMPORTS],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Traceback" not in process.stderr
    assert process.returncode == (0 if ignored else -signal.SIGINT)
