"""The guard runs as a bare file, gives its command's status, and ends the command's whole process group."""

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thoughtrank.engines.serving import process_guard

GUARD = process_guard.__file__


def guard(parent, program, *arguments, **options):
    command = [sys.executable, "-P", GUARD, str(parent), sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def is_gone(pid, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_it_imports_only_the_standard_library():
    nodes = ast.walk(ast.parse(Path(GUARD).read_text()))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert names <= sys.stdlib_module_names
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(Path(GUARD).read_text())))


@pytest.mark.parametrize("status", [0, 3])
def test_its_status_is_that_of_the_command(status):
    process = guard(os.getpid(), f"import sys; print('ran'); sys.exit({status})")
    assert process.communicate(timeout=60)[0] == "ran\n"
    assert process.returncode == status


def test_a_command_whose_parent_is_gone_is_ended():
    process = guard(1 if os.getpid() != 1 else 2, "import time; time.sleep(600)")
    assert process.wait(timeout=60) == 1


SPAWNS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def test_sigterm_ends_the_command_with_its_children():
    process = guard(os.getpid(), SPAWNS)
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 1
    process.stdout.close()
    assert is_gone(child)


def test_a_group_that_ignores_sigterm_is_killed():
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout.readline() == "up\n"
    process_guard.end_group(process, grace_seconds=0.2)
    assert process.returncode == -signal.SIGKILL
    process.stdout.close()
