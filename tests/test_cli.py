import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank import cli, stop_signals
from thoughtrank.errors import UserError

ROOT = Path(__file__).parents[1]
QUICK = ("model=tiny", "judge=fake", "logger=none")


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Runs ``main`` in this process in a folder of its own, with ``do_run`` replaced; returns the exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_failures", [])
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


def test_a_sweep_whose_jobs_all_end_well_ends_with_0(command, capsys):
    assert command("-m", "seed=1,2", do_run=lambda values, **options: None) == 0
    assert "the same as a table: " in capsys.readouterr().out
