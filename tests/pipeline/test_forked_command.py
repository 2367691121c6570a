"""A forked command begins and ends as one that Python was started for."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked_command import ForkedCommand
from small_runs import ROOT

SHOW = """
import json, os, sys
from thoughtrank.cli import main
shown = {"argv": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ), "input": sys.stdin.read()}
print(json.dumps(shown | {"group": os.getpgid(0), "first": sys.path[0]}))
print("an error", file=sys.stderr)
sys.exit(3)
"""
WAIT = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def start(program, *arguments):
        """A command that runs a program before ``train.py``, as Python itself would."""
        (tmp_path / "sitecustomize.py").write_text(program)
        environment = {"PYTHONPATH": str(tmp_path), "GIVEN": "value"}
        started.append(ForkedCommand(arguments, folder=tmp_path, environment=environment))
        return started[-1]

    yield start
    for command in started:
        command.kill()


def test_it_has_its_own_arguments_folder_environment_and_process_group(start, tmp_path):
    command = start(SHOW, "run=x", "rounds=2")
    output, _ = command.communicate(timeout=60)
    shown, error = output.splitlines()
    assert command.returncode == 3
    assert error == "an error"
    assert json.loads(shown) == {
        "argv": [str(ROOT / "train.py"), "run=x", "rounds=2"],
        "folder": str(tmp_path),
        "environment": {"PYTHONPATH": str(tmp_path), "GIVEN": "value"},
        "input": "",
        "group": command.pid,
        "first": str(ROOT),
    }


@pytest.mark.parametrize("arguments", [("rounds=none",), ("--help",), ("no_such_key=1", "dry_run=true")])
def test_it_prints_and_returns_what_a_real_start_does(workplace, arguments):
    forked, real = workplace.start(*arguments), workplace.start(*arguments, fresh=True)
    outputs = [each.communicate(timeout=120)[0] for each in (forked, real)]
    assert isinstance(forked, ForkedCommand)
    assert isinstance(real, subprocess.Popen)
    assert outputs[0] == outputs[1] != ""
    assert forked.returncode == real.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_that_ends_it_is_its_exit_status(start, number):
    command = start(WAIT)
    assert command.stdout.readline() == "ready\n"
    assert command.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        command.communicate(timeout=0.05)
    command.send_signal(number)
    command.communicate(timeout=60)
    assert command.poll() == command.returncode == -number
    command.send_signal(number)  # it has ended: nobody gets the signal


def test_it_ends_with_the_process_that_asked_for_it(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WAIT)
    program = (
        "import sys; from pathlib import Path; from forked_command import ForkedCommand; folder = Path(sys.argv[1]);"
        "print(ForkedCommand([], folder=folder, environment={'PYTHONPATH': str(folder)}).pid)"
    )
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    asking = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(asking, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    until = time.monotonic() + 30
    while Path(f"/proc/{int(done.stdout)}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{int(done.stdout)}").exists()
