"""Large rounds: memory does not grow with their size. Measured at a 200th and a 20th of 100,000 questions × 62."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "large_run.py"
FEW, MANY, ALL = 500, 5_000, 100_000
STEPS = ("ranking", "selection", "summary", "export")


def measured(folder, questions, judge):
    """What the child process prints: see ``large_run.py``."""
    command = [sys.executable, str(SCRIPT), str(folder), str(questions), judge]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=1800).stdout
    return json.loads(output.splitlines()[-1])


@pytest.mark.long
@pytest.mark.parametrize("judge", ["reference", "reading"])
def test_a_hundred_thousand_questions_are_ranked_selected_summarised_and_exported_in_two_gigabytes(tmp_path, judge):
    few, many = (measured(tmp_path / str(questions), questions, judge) for questions in (FEW, MANY))
    print(json.dumps({"judge": judge, "few": few, "many": many}))
    for step in STEPS:
        before, after = few["peaks"][step], many["peaks"][step]
        assert after <= 1.2 * before, (few, many)
        assert after + (after - before) * (ALL - MANY) / (MANY - FEW) < 2000, (few, many)
    assert (few["prefixes"], many["prefixes"]) == (62, 62)
    assert many["rows"] > 9 * few["rows"] > 0
