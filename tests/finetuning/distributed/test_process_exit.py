import subprocess
import sys


def test_a_process_that_has_done_its_work_ends_well_whatever_would_abort_it_afterwards():
    program = (
        "import atexit, os; from thoughtrank.finetuning.distributed.process_exit import exit_without_teardown; "
        "atexit.register(os.abort); print('the last line', end=''); exit_without_teardown()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "the last line")


def test_a_process_whose_parent_is_gone_already_ends_at_once():
    program = (
        "from thoughtrank.finetuning.distributed.process_exit import exit_with_parent; "
        "exit_with_parent(1_000_000_000); print('still there')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_a_process_ends_with_its_parent():
    child = (
        "import os, time; from thoughtrank.finetuning.distributed.process_exit import exit_with_parent; "
        "exit_with_parent(os.getppid(), interval_seconds=0.01); print(os.getpid(), flush=True); time.sleep(600)"
    )
    parent = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); import time; time.sleep(600)"
    )
    started = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert int(started.stdout.readline()) > 0
    started.kill()
    # The pipe is closed when the last process that holds it has ended.
    assert started.communicate(timeout=30)[0] == ""
