"""A sweep on the command line: its jobs, its table, and what is refused before the first job."""

import errno

import pytest

from thoughtrank import cli, run
from thoughtrank.errors import UserError
from thoughtrank.report import sweep_table


def test_a_sweep_goes_on_after_a_failed_job_and_ends_with_2(command, capsys, tmp_path):
    seeds = []

    def do_run(values, *, choices, sweep, **options):
        seeds.append(values["seed"])
        if values["seed"] == 1:
            raise UserError("no room")
        if values["seed"] == 2:
            raise RuntimeError("a bug")

    assert command("-m", "seed=1,2,3", "hydra.sweep.dir=multirun/mine", do_run=do_run) == 2
    assert seeds == [1, 2, 3]
    captured = capsys.readouterr()
    assert "error: no room" in captured.err
    assert "RuntimeError: a bug" in captured.err
    assert captured.out.count("=== job") == 3
    logs = [log.read_text() for log in sorted((tmp_path / "runs").glob("*/run.log"))]
    assert len(logs) == 2
    assert any("stopped: no room" in log for log in logs)


def test_the_jobs_of_a_dry_run_are_planned_and_leave_nothing_behind(command, capsys, tmp_path):
    assert command("-m", "seed=1,2", "dry_run=true", do_run=lambda values, **options: None) == 0
    shown = capsys.readouterr().out
    assert "the same as a table" not in shown
    assert list(tmp_path.iterdir()) == []
    table = shown.partition("job  varied")[2].partition("\n\n")[0]
    assert [line.split() for line in table.splitlines()[1:]] == [["0", "seed=1", "planned"], ["1", "seed=2", "planned"]]


@pytest.mark.parametrize("folder", ["multirun/mine", "multirun/a b, c=1"])
def test_the_plan_of_a_sweep_leaves_the_table_of_the_sweep_as_it_is(command, tmp_path, folder):
    arguments = ("-m", "seed=1,2", f"hydra.sweep.dir='{folder}'")
    assert command(*arguments, do_run=lambda values, **options: None) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert tmp_path / folder / "comparison.csv" in before
    assert command(*arguments, "dry_run=true", do_run=lambda values, **options: None) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_plan_of_a_sweep_that_is_interrupted_leaves_nothing_behind_either(command, tmp_path):
    assert command("-m", "seed=1,2", "dry_run=true", error=KeyboardInterrupt()) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_fails_in_a_dry_run_writes_no_log_and_names_none(command, capsys, tmp_path):
    assert command("-m", "seed=1,2", "dry_run=true", error=UserError("no room:\n  none", "no key")) == 2
    assert list(tmp_path.iterdir()) == []
    shown = capsys.readouterr().out
    assert "failed: no room: none; no key\n" in shown
    assert "run.log" not in shown


def test_a_sweep_whose_jobs_all_end_well_ends_with_0(command, capsys):
    assert command("-m", "seed=1,2", do_run=lambda values, **options: None) == 0
    assert "the same as a table: " in capsys.readouterr().out


def test_flags_may_be_anywhere_on_the_command_line(command, capsys, tmp_path):
    (tmp_path / "conf" / "judge").mkdir(parents=True)
    (tmp_path / "conf" / "judge" / "mine.yaml").write_text("_target_: thoughtrank.judging.fake.FakeJudge\n")
    done = []
    arguments = ("seed=1,2", "--config-dir", str(tmp_path / "conf"), "judge=mine", "--multirun", "rounds=2")
    assert command(*arguments, do_run=lambda values, **options: done.append((values["seed"], values["rounds"]))) == 0
    assert done == [(1, 2), (2, 2)]


def test_jobs_that_would_be_one_run_are_named_by_a_dry_run(command, capsys):
    def plan(*arguments):
        return command("-m", "run=mine", "dry_run=true", *arguments, do_run=lambda values, **options: None)

    assert plan("seed=1,2") == 2
    captured = capsys.readouterr()
    assert (
        "error: jobs 0 and 1 are both the run mine, with different settings (seed=1; seed=2): leave run= out"
        in captured.err
    )
    assert "run=mine-${seed}" in captured.err
    for one_run in ("rounds=1,2", "logger=csv,none", "export.name=a,b", "runs_dir=one,two"):
        assert plan(one_run) == 0, one_run


def test_runs_in_folders_keep_their_names_in_the_table(command, capsys):
    arguments = ("-m", "seed=1,2", "run=mine/${seed}/same", "runs_dir=elsewhere", "dry_run=true")
    assert command(*arguments, do_run=lambda values, **options: None) == 0
    shown = capsys.readouterr().out
    assert "mine/1/same" in shown
    assert "mine/2/same" in shown


SWEEPING_STUDY = """# @package _global_
run: mine/${selection.k}-seed${seed}
hydra:
  mode: MULTIRUN
  sweep:
    dir: FOLDER
  sweeper:
    params:
      seed: 0,1
      selection.k: 1,2
"""


def test_a_config_can_be_a_sweep_and_is_resumed_by_the_same_command(command, capsys, tmp_path):
    study = tmp_path / "studies" / "mine" / "config.yaml"
    study.parent.mkdir(parents=True)
    study.write_text(SWEEPING_STUDY.replace("FOLDER", "multirun/mine"))
    done = []
    for failing_seed in (1, None):

        def do_run(values, *, choices, sweep, failing_seed=failing_seed, **options):
            done.append((values["run"], values["selection"]["k"], sweep))
            if values["seed"] == failing_seed:
                raise UserError("no room")

        status = command("--config-dir=studies", "+mine=config", do_run=do_run)
        assert status == (0 if failing_seed is None else 2)
        rows = (tmp_path / "multirun" / "mine" / "comparison.csv").read_text().splitlines()[1:]
        assert sum("failed" in row for row in rows) == (0 if failing_seed is None else 2)
    assert done == 2 * [(f"mine/{k}-seed{seed}", k, "mine") for seed in (0, 1) for k in (1, 2)]
    assert "seed=1 selection.k=2" in capsys.readouterr().out

    done.clear()
    assert command("--config-dir=studies", "+mine=config", "seed=3", do_run=do_run) == 0
    assert [run for run, *_ in done] == ["mine/1-seed3", "mine/2-seed3"], "the command line overrides what is swept"


def test_a_sweep_makes_no_folder_that_is_called_like_the_home_directory(command, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    status = command("-m", "seed=1,2", "hydra.sweep.dir='~/mine'", error=AssertionError("not reached"))
    assert status == 2
    assert "give the path as /home/me/mine" in capsys.readouterr().err
    assert not (tmp_path / "~").exists()


def test_a_sweep_over_a_text_that_is_not_utf_8_is_refused_before_anything_is_written(command, capsys, tmp_path):
    status = command("-m", "export.name=a,'sch\udcf6n'", error=AssertionError("not reached"))
    assert status == 2
    assert "error: export.name: not valid UTF-8" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_sweeps_without_a_folder_of_its_own_is_refused(command, capsys, tmp_path):
    study = tmp_path / "studies" / "mine" / "config.yaml"
    study.parent.mkdir(parents=True)
    study.write_text(SWEEPING_STUDY.replace("FOLDER", "multirun"))
    status = command("--config-dir=studies", "+mine=config", error=AssertionError("not reached"))
    assert status == 2
    assert "error: hydra.sweep.dir: a config that sweeps has to name its folder" in capsys.readouterr().err
    assert not (tmp_path / "multirun").exists()


def test_a_full_disk_when_a_job_is_recorded_is_one_message_and_the_other_jobs_run(command, capsys, monkeypatch):
    seeds = []
    recorded = cli.record_job

    def full_once(folder, job):
        if job.number == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        recorded(folder, job)

    monkeypatch.setattr(cli, "record_job", full_once)
    assert command("-m", "seed=1,2", do_run=lambda values, **options: seeds.append(values["seed"])) == 2
    captured = capsys.readouterr()
    assert seeds == [1, 2]
    assert "Traceback" not in captured.err
    [fault] = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert "is full (No space left on device)" in fault


def test_a_full_disk_when_a_sweep_writes_its_table_is_one_message(command, capsys, monkeypatch):
    def full(folder, jobs, groups):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sweep_table, "write_comparison", full)
    assert command("-m", "seed=1,2", do_run=lambda values, **options: None) == 2
    captured = capsys.readouterr()
    assert "stopped" in captured.out, "the comparison is shown all the same"
    assert "is full (No space left on device)" in captured.err


def test_a_sweep_over_bad_run_names_reports_them_with_all_other_faults(command, capsys):
    status = command("-m", "run=../a,../b", "rounds=0", do_run=run.do_run)
    assert status == 2
    shown = capsys.readouterr().err
    assert shown.count("error: run: ") == 2
    assert shown.count("error: rounds: ") == 2
