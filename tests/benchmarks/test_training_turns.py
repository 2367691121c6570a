import sys

import pytest

CONTENDER = """
import sys
sys.path.insert(0, {folder!r})
import training_turns

training_turns._peak_bytes = lambda: 7  # without torch
print("something a library prints")
turns, passes = training_turns.Turns(micro_batches=2), 0
try:
    while True:
        turns.before_forward_pass()
        passes += 1
except training_turns.FinishedError:
    training_turns.send_results({{"passes": passes}})
"""


@pytest.fixture
def turns(benchmark_module):
    return benchmark_module("training_turns")


def start(turns, tmp_path, program):
    return turns.Contender([sys.executable, "-c", program], log=tmp_path / "log.txt")


def test_a_contender_runs_one_step_per_turn_and_then_sends_its_results(turns, tmp_path):
    program = CONTENDER.format(folder=str(turns.Path(turns.__file__).parent))
    contender = start(turns, tmp_path, program)
    contender.wait_until_ready()
    assert all(contender.step() > 0 for _ in range(3))
    assert contender.finish() == {"passes": 6, "peak_bytes": 7}


def test_the_error_of_a_contender_that_fails_is_shown(turns, tmp_path):
    contender = start(turns, tmp_path, "raise ValueError('out of luck')")
    with pytest.raises(SystemExit, match="out of luck"):
        contender.wait_until_ready()
    contender.stop()
