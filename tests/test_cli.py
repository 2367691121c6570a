import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank import cli, run
from thoughtrank.errors import UserError
from thoughtrank.process import stop_signals
from thoughtrank.report import sweep_table

ROOT = Path(__file__).parents[1]
QUICK = ("model=tiny", "judge=fake", "logger=none")


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Runs ``main`` in this process in a folder of its own, with ``do_run`` replaced; returns the exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_failures", [])
    monkeypatch.setattr(cli, "_sweeps", [])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(stop_signals, "_received", [])
    # The process that would be ended is the one that runs all tests.
    monkeypatch.setattr(stop_signals, "GRACE_SECONDS", 86_400.0)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments, do_run):
        flags = [each for each in arguments if each.startswith("-")]
        overrides = [each for each in arguments if each not in flags]
        monkeypatch.setattr(sys, "argv", ["train.py", *flags, *QUICK, *overrides])
        monkeypatch.setattr(cli, "do_run", do_run)
        try:
            cli.main()
        except SystemExit as end:
            return end.code
        return 0

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def failing(error):
    def do_run(values, **options):
        raise error

    return do_run


def test_faults_are_printed_one_per_line_with_status_2_and_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "thoughtrank", *QUICK, "rounds=0", "+optimizer.momentum=0.9", "dry_run=maybe"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error"] * len(lines)
    assert any("rounds: " in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_a_run_gets_the_composed_values_and_the_choices(command):
    calls = []
    status = command("seed=7", "selection=best", do_run=lambda values, **options: calls.append((values, options)))
    assert status == 0
    [(values, options)] = calls
    assert (values["seed"], values["questions"]["seed"]) == (7, 7)
    assert (options["choices"]["selection"], options["choices"]["model"]) == ("best", "tiny")


def test_none_is_null(command):
    runs = []
    command("run=None", do_run=lambda values, **options: runs.append(values["run"]))
    assert runs == [None]


def test_a_list_of_prefix_sets_is_one_choice(command):
    chosen = []
    command("prefixes=[digits,words]", do_run=lambda values, choices, **options: chosen.append(choices["prefixes"]))
    assert chosen == ["digits+words"]


def test_what_the_user_has_to_fix_is_printed_one_fault_per_line_and_ends_with_2(command, capsys):
    assert command(do_run=failing(UserError("one", "two"))) == 2
    assert capsys.readouterr().err.splitlines() == ["error: one", "error: two"]


def test_a_bug_ends_with_1_and_its_traceback(command, capsys):
    assert command(do_run=failing(RuntimeError("a bug"))) == 1
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_an_interruption_ends_with_130_and_says_how_to_resume(command, capsys):
    assert command(do_run=failing(KeyboardInterrupt())) == 130
    assert "the same command" in capsys.readouterr().err


def test_sigterm_ends_with_143(command, capfd):
    assert command(do_run=lambda values, **options: os.kill(os.getpid(), signal.SIGTERM)) == 143
    assert "the same command" in capfd.readouterr().err


def test_a_value_that_has_to_be_given_is_named_with_its_key(command, capsys):
    assert command("questions=file", do_run=failing(AssertionError("not reached"))) == 2
    assert "error: questions.path: missing value; give it as questions.path=..." in capsys.readouterr().err


def test_an_interpolation_that_leads_nowhere_is_one_error(command, capsys):
    assert command("questions.seed=${seeds}", do_run=failing(AssertionError("not reached"))) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: config: ")
    assert "seeds" in line


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


def test_the_jobs_of_a_dry_run_are_planned_and_not_stopped(command, capsys):
    assert command("-m", "seed=1,2", "dry_run=true", do_run=lambda values, **options: None) == 0
    table = capsys.readouterr().out.partition("job  varied")[2].partition("\n\n")[0]
    assert [line.split() for line in table.splitlines()[1:]] == [["0", "seed=1", "planned"], ["1", "seed=2", "planned"]]


def test_a_job_that_fails_in_a_dry_run_writes_no_log_and_names_none(command, capsys, tmp_path):
    assert command("-m", "seed=1,2", "dry_run=true", do_run=failing(UserError("no room"))) == 2
    assert not (tmp_path / "runs").exists()
    shown = capsys.readouterr().out
    assert "failed: no room" in shown
    assert "run.log" not in shown


def test_a_sweep_whose_jobs_all_end_well_ends_with_0(command, capsys):
    assert command("-m", "seed=1,2", do_run=lambda values, **options: None) == 0
    assert "the same as a table: " in capsys.readouterr().out


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
    status = command("-m", "seed=1,2", "hydra.sweep.dir='~/mine'", do_run=failing(AssertionError("not reached")))
    assert status == 2
    assert "give the path as /home/me/mine" in capsys.readouterr().err
    assert not (tmp_path / "~").exists()


def test_a_sweep_over_a_text_that_is_not_utf_8_is_refused_before_anything_is_written(command, capsys, tmp_path):
    status = command("-m", "export.name=a,'sch\udcf6n'", do_run=failing(AssertionError("not reached")))
    assert status == 2
    assert "error: export.name: not valid UTF-8" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_sweeps_without_a_folder_of_its_own_is_refused(command, capsys, tmp_path):
    study = tmp_path / "studies" / "mine" / "config.yaml"
    study.parent.mkdir(parents=True)
    study.write_text(SWEEPING_STUDY.replace("FOLDER", "multirun"))
    status = command("--config-dir=studies", "+mine=config", do_run=failing(AssertionError("not reached")))
    assert status == 2
    assert "error: hydra.sweep.dir: a config that sweeps has to name its folder" in capsys.readouterr().err
    assert not (tmp_path / "multirun").exists()


@pytest.mark.parametrize(
    ("arguments", "clues"),
    [
        (["prefixes=["], ["prefixes=[", "quote"]),
        (["foo"], ["foo", "key=value"]),
        (["judge="], ["judge"]),
        (["judge=nonsense"], ["judge/nonsense", "reference"]),
        (["selection.kk=3"], ["selection.kk", "unknown key"]),
        (["+seed=3"], ["seed"]),
        (["~nothing"], ["nothing"]),
        (["nothing@x=y"], ["nothing"]),
        (["-m", "seed=range(1"], ["seed=range(1", "quote"]),
        (["-m", "seed=range(a,b)"], ["seed"]),
        (["-m", "judge=fake,nonsense"], ["judge/nonsense"]),
        (["hydra/sweeper=nonsense"], ["hydra/sweeper"]),
        (["hydra.mode=nonsense"], ["hydra.mode"]),
        (["--config-dir=none/such"], ["none/such"]),
        (["--config-name=none_such"], ["none_such"]),
    ],
    ids=lambda each: " ".join(each),
)
def test_what_hydra_cannot_read_or_compose_is_one_message_with_status_2(command, capsys, arguments, clues, monkeypatch):
    assert command(*arguments, do_run=lambda values, **options: None) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    faults = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert len(faults) == 1, captured.err
    assert all(clue in faults[0] for clue in clues), faults
    assert "HYDRA_FULL_ERROR" not in captured.err
    assert "HYDRA_FULL_ERROR" not in os.environ


def test_a_key_that_no_component_takes_is_one_message(command, capsys):
    assert command("+a.b=", do_run=run.do_run) == 2
    assert capsys.readouterr().err == "error: a: unknown key\n"


def test_a_broken_file_of_the_users_own_config_is_one_message(command, capsys, tmp_path):
    folder = tmp_path / "my_conf" / "judge"
    folder.mkdir(parents=True)
    for name, text in (("torn", "a: ["), ("list", "- 1"), ("other", "x: ${nothing.at.all}")):
        (folder / f"{name}.yaml").write_text(text)
        assert command(f"--config-dir={tmp_path}/my_conf", f"judge={name}", do_run=run.do_run) == 2
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert captured.err.startswith("error: ")
        cli._failures.clear()


def test_missing_values_are_reported_with_all_other_faults(command, capsys):
    assert command("questions=file", "rounds=0", "optimizer.lr=-1", do_run=failing(AssertionError("not reached"))) == 2
    faults = capsys.readouterr().err.splitlines()
    for key in ("questions.path: missing value", "rounds: ", "optimizer.lr"):
        assert sum(key in fault for fault in faults) == 1, faults


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
