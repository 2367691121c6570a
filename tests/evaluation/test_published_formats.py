"""Questions in the formats of published sets: every gold answer is right in 20 wordings and more, and no wrong one is."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from published_formats import SETS
from question_files import everything, write

from benchmarks.answers import WORDINGS, measure
from thoughtrank.evaluation.answer_comparison import is_right

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("THOUGHTRANK_TRL_PYTHON") or ROOT / ".venv-trl" / "bin" / "python")


@pytest.fixture
def answers(name, tmp_path):
    """The reference answers of a set, read as a run reads them."""
    given = SETS[name]
    questions = everything(write(tmp_path / "rows.jsonl", *given.rows), **given.settings)
    assert len(questions) == len(given.rows)
    return [question.answer for question in questions]


@pytest.mark.parametrize("name", SETS)
def test_gold_answers_are_right_in_every_wording_and_constructed_errors_are_wrong(name, answers):
    missed, num_right, accepted, num_wrong = measure(answers, seed=0)
    assert (missed, accepted) == ([], [])
    assert len(WORDINGS) == 20
    assert num_right >= 20 * len(answers)
    assert num_wrong >= 4 * len(answers)


@pytest.mark.slow
@pytest.mark.skipif(
    not PYTHON.exists(),
    reason="no TRL: 'make .venv-trl', or set THOUGHTRANK_TRL_PYTHON to the python of its environment",
)
@pytest.mark.parametrize("name", ["MATH-500"])
def test_boxed_answers_are_rewarded_as_by_trl(answers):
    pairs = [(reference, given) for reference in answers for given in answers]
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("trl_rewards.py")],
        input=json.dumps(pairs),
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rewards = json.loads(done.stdout.splitlines()[-1])
    ours = [is_right(rf"So the answer is $\boxed{{{given}}}$.", reference) for reference, given in pairs]
    assert [reward is not None and reward >= 1 for reward in rewards] == ours
