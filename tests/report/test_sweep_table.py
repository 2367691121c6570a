"""What becomes of the jobs of a sweep, and the table that compares them."""

import csv
import re

import pytest

from thoughtrank.report.sweep_table import (
    SweepJob,
    begin_sweep,
    comparison,
    comparison_text,
    read_jobs,
    record_job,
    sweep_arguments,
    sweep_folder,
    write_comparison,
)
from thoughtrank.storage.json_files import write_json

BOTH = "rounds=2"


def entry(number, *, accuracy, examples=0, cost=0.0):
    return {
        "round": number,
        **dict.fromkeys(("accuracy", "direct_accuracy", "unseen_accuracy"), accuracy),
        **{f"{name}_{end}": accuracy for name in ("accuracy", "direct", "unseen") for end in ("low", "high")},
        "thought_rate": 1.0,
        "examples": examples,
        "judge_cost": cost,
    }


@pytest.fixture
def jobs(tmp_path):
    summary = tmp_path / "summary.json"
    rounds = [
        entry(0, accuracy=0.1),
        entry(1, accuracy=0.5, examples=7, cost=0.25),
        entry(2, accuracy=0.3, examples=5, cost=0.5),
    ]
    write_json(summary, {"rounds": rounds, "exported_round": 1})
    return [
        SweepJob(0, ("selection=best", BOTH), run="one", outcome="finished", summary=str(summary)),
        SweepJob(1, ("selection=top_k", BOTH), run="two", outcome="failed", error="no key", log="runs/two/run.log"),
        SweepJob(2, ("selection=all", BOTH), run="three", outcome="stopped"),
    ]


@pytest.mark.parametrize("flag", ["-m", "--multirun", "hydra.mode=MULTIRUN"])
def test_a_sweep_gets_a_folder_named_by_its_command(flag):
    (folder,) = sweep_arguments([flag, "judge=fake,reference"])
    assert re.fullmatch(r"hydra\.sweep\.dir=multirun/[0-9a-f]{8}", folder)
    assert sweep_arguments(["judge=fake,reference", flag]) == [folder]
    assert sweep_arguments([flag, "judge=fake"]) != [folder]
    assert sweep_folder([flag, folder]).as_posix() == folder.partition("=")[2]


def test_one_run_is_no_sweep_and_a_folder_that_was_given_is_kept():
    assert sweep_arguments(["judge=fake"]) == []
    assert sweep_folder(["judge=fake"]) is None
    assert sweep_arguments(["-m", "judge=fake", "hydra.sweep.dir=mine"]) == []


def test_jobs_are_read_back_in_order_and_a_new_attempt_forgets_them(tmp_path, jobs):
    for job in reversed(jobs):
        record_job(tmp_path, job)
    assert read_jobs(tmp_path) == jobs
    begin_sweep(tmp_path)
    assert read_jobs(tmp_path) == []
    assert (tmp_path / "summary.json").exists()


def test_the_comparison_shows_what_was_varied_and_the_exported_round(jobs):
    first, second, third = comparison(jobs)
    assert (first["selection"], first["exported_round"], first["accuracy"]) == ("best", 1, 0.5)
    assert (first["examples"], first["judge_cost"]) == (12, 0.75)
    assert "rounds" not in first
    assert (second["outcome"], second["error"]) == ("failed", "no key")
    assert "accuracy" not in second
    assert third["outcome"] == "stopped"


def test_the_closing_table_names_every_failure_and_its_log(jobs):
    lines = comparison_text(jobs).splitlines()
    assert len(lines) == 1 + 3 + 1
    assert "selection=best" in lines[1]
    assert "50.0 %" in lines[1]
    assert "$0.75" in lines[1]
    assert "failed" in lines[2]
    assert "stopped" in lines[3]
    assert lines[4] == "job 1 failed: no key (see runs/two/run.log)"


def test_the_comparison_is_written_as_a_table(tmp_path, jobs):
    with write_comparison(tmp_path, jobs).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["one", "two", "three"]
    assert rows[0]["accuracy"] == "0.5"
    assert rows[1]["accuracy"] == ""


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_damaged_record_of_a_job_is_a_failed_job_and_a_damaged_summary_has_no_figures(jobs, tmp_path, text):
    for job in jobs:
        record_job(tmp_path / "sweep", job)
    (tmp_path / "sweep" / "job_0001.json").write_text(text)
    (tmp_path / "summary.json").write_text("{")
    read = read_jobs(tmp_path / "sweep")
    assert [job.outcome for job in read] == ["finished", "failed", "stopped"]
    assert "job_0001.json is damaged" in comparison_text(read)
    assert "accuracy" not in comparison(read)[0]
