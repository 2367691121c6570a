"""The benchmark's busy process, and its figures."""

from pathlib import Path

import pytest


@pytest.fixture
def beside_load(benchmark_module):
    return benchmark_module("training_beside_load")


def state_of(process):
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_the_busy_process_is_suspended_at_first_and_gone_in_the_end(beside_load):
    with beside_load.busy_process(1) as load:
        while state_of(load) != "T":
            pass
    assert load.returncode == -9


class Scripted:
    """Stands in for a contender, and for the busy process."""

    def __init__(self, log, seconds=()):
        self.log = log
        self.seconds = list(seconds)

    def step(self):
        self.log.append(self.seconds[0])
        return self.seconds.pop(0)

    def send_signal(self, number):
        self.log.append(number.name)


def test_quiet_and_busy_turns_alternate_and_the_first_is_warm_up(beside_load):
    log = []
    spin, this = Scripted(log, [9.0, 9.0, 2.0, 30.0]), Scripted(log, [9.0, 9.0, 1.0, 2.0])
    seconds = beside_load.take_turns({"spin": spin, "this": this}, load=Scripted(log), steps=1)
    warm_up, timed = log[:7], log[7:]
    assert warm_up == ["SIGSTOP", 9.0, 9.0, "SIGCONT", 9.0, 9.0, "SIGSTOP"]
    assert timed == ["SIGSTOP", 2.0, 1.0, "SIGCONT", 30.0, 2.0, "SIGSTOP"]
    assert beside_load.summary(seconds) == {
        "seconds_per_step": {"spin": {"quiet": 2.0, "busy": 30.0}, "this": {"quiet": 1.0, "busy": 2.0}},
        "slowdown": {"spin": 15.0, "this": 2.0},
        "quiet_ratio": 0.5,
    }
