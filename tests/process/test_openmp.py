"""OpenMP threads spin on a quiet machine, and hardly at all while other processes need its cores."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from thoughtrank.process import openmp
from thoughtrank.process.openmp import WAIT_SETTINGS, OtherLoad, adapt_to_load, is_busy

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import os, threading, time, torch
from thoughtrank.process import openmp

load = 0.0
openmp.OtherLoad.cores = lambda self: load
openmp._SECONDS = 0.05
a = torch.randn(300, 300)

def waiting():
    'Processor time in ms that threads take while there is nothing to compute, for each time that they wait.'
    a @ a
    before = time.process_time()
    for _ in range(20):
        a @ a
        time.sleep(0.02)
    return (time.process_time() - before) / 20 * 1000

def wait_for(*, idle):
    until = time.monotonic() + 20
    while any(each.name == 'openmp-idle' for each in threading.enumerate()) != idle:
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.1)

openmp.adapt_to_load()
openmp.adapt_to_load()
assert sum(each.name == 'openmp-load' for each in threading.enumerate()) == 1
quiet = waiting()
load = os.cpu_count()
wait_for(idle=True)
busy = waiting()
load = 0.0
wait_for(idle=False)
print(quiet, busy, waiting())
print(*[line.split()[-1] for line in open('/proc/self/maps') if 'omp' in line])
"""


def test_threads_spin_on_a_quiet_machine_only():
    environment = {"OMP_NUM_THREADS": "2", "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    times, libraries = done.stdout.splitlines()
    if "libgomp" not in libraries:
        pytest.skip("this torch has another OpenMP runtime than GNU's")
    quiet, busy, quiet_again = (float(each) for each in times.split())
    assert busy < quiet / 2
    assert busy < quiet_again / 2


@pytest.mark.parametrize("name", sorted(WAIT_SETTINGS))
def test_a_setting_of_the_user_is_kept(name, monkeypatch):
    monkeypatch.setattr(openmp, "_watcher", None)
    adapt_to_load({name: "active"})
    assert openmp._watcher is None


def test_the_own_load_is_not_that_of_others(monkeypatch):
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(psutil, "cpu_percent", lambda: 75.0)
    monkeypatch.setattr(psutil.Process, "cpu_percent", lambda self: 200.0)
    assert OtherLoad().cores() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("other_cores", "threads", "busy"),
    [(0.0, 4, False), (0.2, 4, False), (1.0, 4, True), (2.0, 2, False), (2.5, 2, True)],
)
def test_a_machine_is_busy_when_a_thread_has_to_wait_for_a_core(other_cores, threads, busy, monkeypatch):
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    assert is_busy(other_cores=other_cores, threads=threads) is busy
