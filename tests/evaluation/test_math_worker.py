import json
import subprocess
import sys


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
