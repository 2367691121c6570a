import re

import pytest

from thoughtrank.report.sweep_jobs import (
    SweepJob,
    begin_sweep,
    read_jobs,
    record_job,
    sweep_arguments,
    sweep_folder,
    varied,
)

BOTH = "rounds=2"


@pytest.fixture
def jobs(tmp_path):
    (tmp_path / "summary.json").write_text('{"rounds": []}')
    return [
        SweepJob(0, ("selection=best", BOTH), run="one", outcome="finished", summary=str(tmp_path / "summary.json")),
        SweepJob(1, ("selection=top_k", BOTH), run="two", outcome="failed", error="no key", log="runs/two/run.log"),
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


def test_a_job_has_the_results_of_its_summary(jobs, tmp_path):
    finished, failed = jobs
    assert finished.results() == {"rounds": []}
    assert failed.results() is None
    (tmp_path / "summary.json").write_text("{")
    assert finished.results() is None


def test_what_all_jobs_have_is_not_varied(jobs):
    assert varied(jobs[0], jobs) == ["selection=best"]
