"""The real command line explores: screened questions, two models, harder rounds, and openers from an earlier run."""

import json
import shutil
from dataclasses import replace

import pyarrow.parquet as parquet
import pytest
from killing import kill_when

from thoughtrank.records import Candidate, Gain
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import write_part

FIRST = (
    "run=first",
    "rounds=2",
    "questions.screen=2",
    "questions.screen_prefixes=3",
    "questions.schedule=[{},{max_number: 30}]",
    "generation.models=[base,previous]",
    "objective.answer_loss_share=0.5",
    "evaluation.arms=[thought,own_thought]",
)
SCREENING = ("round_1", "0_screening")


@pytest.fixture(scope="module")
def explored(new_workplace):
    """A run that was killed while it screened, and then finished."""
    place = new_workplace("explored")
    process = place.start(*FIRST)
    assert kill_when(process, lambda: any(place.folder.glob("cache/candidates/*/part-*.parquet")))
    place.output = place.run(*FIRST)
    return place


@pytest.mark.slow
def test_questions_are_screened_and_those_kept_are_asked(explored):
    for number in (1, 2):
        screened = explored.rows("first", f"round_{number}", "0_screening", "3_questions")
        assert len(screened) == 8
        asked = {row["question_id"] for row in explored.rows("first", f"round_{number}", "1_candidates")}
        assert asked == {row["question_id"] for row in screened if row["kept"]}
        assert 0 < len(asked) <= 4
        summary = json.loads(explored.path("first", "summary.json").read_text())
        assert summary["rounds"][number]["screening"]["screened"] == 8


@pytest.mark.slow
def test_both_models_generate_from_round_2_on(explored):
    prefixes = [
        {row["prefix"] for row in explored.rows("first", f"round_{number}", "1_candidates")} for number in (1, 2)
    ]
    assert prefixes[0] == set("0123456789")
    assert prefixes[1] == {f"{digit} ({model})" for digit in "0123456789" for model in ("base", "previous")}


@pytest.mark.slow
def test_some_answers_carry_no_loss(explored):
    facts = json.loads(explored.path("first", "round_2", "4_model", "_training.json").read_text())
    assert 0 < facts["examples_without_answer"] < facts["examples"]


@pytest.mark.slow
def test_the_run_folder_shows_every_prefix_and_the_summary_the_openings(explored):
    rows = explored.rows("first", "prefixes")
    assert [row["round"] for row in rows] == [1] * 10 + [2] * 20
    assert all(0 <= row["distinct_rate"] <= 1 and row["mean_gain"] is not None for row in rows if row["genuine_rate"])
    rounds = json.loads(explored.path("first", "summary.json").read_text())["rounds"]
    assert all(entry["openings"]["n"] > 0 and entry["openings"]["word_entropy"] >= 0 for entry in rounds)


@pytest.mark.slow
def test_the_plan_says_what_it_costs(explored):
    plan = explored.run(*FIRST, "run=plan", "dry_run=true")
    assert "screening   8 questions x 4 thoughts = 32 candidates per round" in plan
    assert "from round 2 on twice as many" in plan
    assert "about 50 % of the examples teach the thought only" in plan
    assert "training questions of round 1: numbers up to 14, 1 steps; 2: numbers up to 30" in plan


@pytest.fixture
def earlier(explored):
    """A copy of the run whose thoughts are words, and help where the answer is best: a random model's may be and do neither."""
    copied = shutil.copytree(explored.path("first"), explored.path("helped"))
    for number in (1, 2):
        change_rows(RunPaths(copied).candidates(number), Candidate, lambda row: {"thought": f"{row.prefix[0]} we add"})
        change_rows(RunPaths(copied).gains(number), Gain, lambda row: {"gain": 1.0})
    return copied


def change_rows(table, record_type, change):
    for part in table.glob("part-*.parquet"):
        rows = [record_type(**row) for row in parquet.read_table(part).to_pylist()]
        write_part(part, [replace(row, **change(row)) for row in rows], record_type=record_type)


@pytest.mark.slow
def test_another_run_takes_its_best_prefixes_and_its_openers(explored, earlier):
    explored.run(
        "run=second",
        "prefixes=[pruned,mined]",
        f"prefixes.pruned.run={earlier}",
        "prefixes.pruned.keep=3",
        "prefixes.pruned.rounds=1",
        f"prefixes.mined.run={earlier}",
        "prefixes.mined.words=2",
        "prefixes.mined.min_questions=1",
        "prefixes.mined.count=2",
        "stop_after=generation",
    )
    rows = explored.rows("second", "round_1", "1_candidates")
    prefixes = list(dict.fromkeys(row["prefix"] for row in rows))
    assert set(prefixes[:3]) <= set("0123456789")
    assert 1 <= len(prefixes[3:]) <= 2
    assert all(each[0].isdigit() and each[1:] == " we" for each in prefixes[3:])
    assert all(row["thought"].startswith(row["prefix"]) for row in rows)
