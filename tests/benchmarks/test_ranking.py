"""The command line and the last line of ``benchmarks/ranking.py``, which scripts rely on."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
METRICS = {"tokens", "calls", "depth", "gap", "p_at_1", "p_at_3", "tau", "pair"}


def last_line(*arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / "ranking.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_simulated_questions_are_measured_per_scenario_and_ranker():
    names = ["adaptive_listwise", "listwise", "listwise_with_duplicates"]
    found = last_line("--judge", "weak", "--questions", "6", "--seed", "3", "--scenario", "mixed", "--ranker", *names)
    assert list(found) == ["mixed"]
    assert list(found["mixed"]) == names
    for measured in found["mixed"].values():
        assert set(measured) >= METRICS
        assert set(measured["intervals"]) >= METRICS
        low, high = measured["intervals"]["gap"]
        assert low <= measured["gap"] <= high
    assert found["mixed"]["listwise"]["tokens"] < found["mixed"]["listwise_with_duplicates"]["tokens"]
    assert found["mixed"]["listwise"]["depth"] < found["mixed"]["adaptive_listwise"]["depth"]


def test_real_answers_with_known_quality_are_measured(tmp_path):
    rows = [
        {"question": f"{n} + {n}?", "answers": [f"{2 * n}", f"{n}", "no", "no"], "quality": [1.0, 0.0, 0.0, 0.0]}
        for n in range(2, 22)
    ]
    rows.append({"question": "1 + 1?", "answers": ["3", "4"], "quality": [0.0, 0.0]})
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = last_line("--answers", str(path), "--judge", "strong", "--ranker", "round_robin", "--seed", "1")
    measured = found["answers"]["round_robin"]
    assert measured["questions"] == 20
    assert measured["calls"] >= 3
    assert measured["p_at_1"] > 0.7
