import json
import subprocess
import sys

import pytest

from thoughtrank.evaluation.math_worker import _compare


def results(*comparisons, seconds=5, megabytes=2048):
    lines = "".join(json.dumps(each) + "\n" for each in comparisons)
    command = [sys.executable, "-m", "thoughtrank.evaluation.math_worker", str(seconds), str(megabytes)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.split()


def test_every_line_gets_its_result_and_the_end_of_input_ends_the_process():
    assert results(("3", "3.0"), ("3", "4"), (r"\frac", "{{"), ("x", "x")) == [
        "equal",
        "different",
        "different",
        "equal",
    ]


def test_a_comparison_over_the_limit_costs_no_other_its_result():
    assert results(("1", "1"), ("1", "9^{9^{9^{9}}}"), ("2", "2"), seconds=1) == ["equal", "limit", "equal"]


def test_a_comparison_may_take_no_more_memory_than_its_limit():
    program = (
        "from thoughtrank.evaluation.math_worker import _limit_memory; _limit_memory(600)\n"
        "try: bytes(10**9)\nexcept MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_comparison_without_memory_left_is_over_a_limit(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("math_verify.parse", fail)
    assert _compare("3", "3") == "limit"
