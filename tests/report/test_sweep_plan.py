"""Where the plan of a sweep is kept; tests/test_sweep_command.py plans sweeps."""

import pytest

from thoughtrank.report.sweep_plan import SweepFolder, is_planned, planning_folder


@pytest.mark.parametrize(
    ("settings", "typed", "planned"),
    [
        ({"dry_run": False}, {"dry_run": "true"}, True),
        ({"dry_run": False}, {"dry_run": "True"}, True),
        ({"dry_run": True}, {}, True),
        ({"dry_run": True}, {"dry_run": "false"}, False),
        ({"dry_run": False}, {"dry_run": "true,false"}, False),
        ({"dry_run": False}, {}, False),
    ],
)
def test_a_sweep_is_planned_if_all_of_its_jobs_are(settings, typed, planned):
    assert is_planned(settings, typed=typed) == planned


def test_the_folder_of_a_plan_is_removed_with_the_folders_that_are_new_and_empty(tmp_path):
    (tmp_path / "mine").mkdir()
    plan = planning_folder(tmp_path / "mine" / "deep" / "deeper" / "sweep")
    plan.path.mkdir(parents=True)
    (plan.path / "job_0000.json").touch()
    (tmp_path / "mine" / "deep" / "kept").touch()
    plan.clean_up()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "kept", "mine"]


def test_the_folder_of_a_sweep_that_is_run_stays(tmp_path):
    SweepFolder(tmp_path).clean_up()
    assert tmp_path.is_dir()
