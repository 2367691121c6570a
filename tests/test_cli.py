import os
import signal
import subprocess
import sys
from pathlib import Path

import hydra
import pytest

from thoughtrank import __version__, cli, run
from thoughtrank.errors import UserError

ROOT = Path(__file__).parents[1]


def test_faults_are_printed_one_per_line_with_status_2_and_without_a_traceback(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "thoughtrank",
            "model=tiny",
            "judge=fake",
            "logger=none",
            "rounds=0",
            "+optimizer.momentum=0.9",
            "dry_run=maybe",
        ],
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


@pytest.mark.parametrize("flags", ["--help", "--version", "--cfg job", "--info"])
def test_a_program_that_reads_the_beginning_of_a_help_ends_it_in_silence(tmp_path, flags):
    command = f"{sys.executable} -m thoughtrank {flags} | true; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("flag", ["--version", "--vers"])
def test_the_version_is_that_of_this_package_with_that_of_hydra_in_brackets(command, capsys, flag):
    assert command(flag, error=AssertionError("not reached")) == 0
    assert capsys.readouterr().out == f"thoughtrank {__version__} (Hydra {hydra.__version__})\n"


def test_a_run_gets_the_composed_values_and_the_choices(command):
    calls = []
    status = command("seed=7", "selection=best", do_run=lambda values, **options: calls.append((values, options)))
    assert status == 0
    [(values, options)] = calls
    assert (values["seed"], values["questions"]["seed"]) == (7, 7)
    assert (options["choices"]["selection"], options["choices"]["model"]) == ("best", "tiny")


def test_a_model_that_is_given_by_its_name_names_the_run(command):
    chosen = []
    overridden = ("model=smollm2_135m", "model.name=some/other")
    command(*overridden, do_run=lambda values, choices, **options: chosen.append(choices["model"]))
    assert chosen == ["other"]


def test_none_is_null(command):
    runs = []
    command("run=None", do_run=lambda values, **options: runs.append(values["run"]))
    assert runs == [None]


def test_a_list_of_prefix_sets_is_one_choice(command):
    chosen = []
    command("prefixes=[digits,words]", do_run=lambda values, choices, **options: chosen.append(choices["prefixes"]))
    assert chosen == ["digits+words"]


def test_what_the_user_has_to_fix_is_printed_one_fault_per_line_and_ends_with_2(command, capsys):
    assert command(error=UserError("one", "two")) == 2
    assert capsys.readouterr().err.splitlines() == ["error: one", "error: two"]


def test_a_bug_ends_with_1_and_its_traceback(command, capsys):
    assert command(error=RuntimeError("a bug")) == 1
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_an_interruption_ends_with_130_and_says_how_to_resume(command, capsys):
    assert command(error=KeyboardInterrupt()) == 130
    assert "the same command" in capsys.readouterr().err


def test_sigterm_ends_with_143(command, capfd):
    assert command(do_run=lambda values, **options: os.kill(os.getpid(), signal.SIGTERM)) == 143
    assert "the same command" in capfd.readouterr().err


def test_a_value_that_has_to_be_given_is_named_with_its_key(command, capsys):
    assert command("questions=file", error=AssertionError("not reached")) == 2
    assert "error: questions.path: missing value; give it as questions.path=..." in capsys.readouterr().err


def test_an_interpolation_that_leads_nowhere_is_one_error(command, capsys):
    assert command("questions.seed=${seeds}", error=AssertionError("not reached")) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: config: ")
    assert "seeds" in line


@pytest.mark.parametrize(
    ("arguments", "clues"),
    [
        (["prefixes=["], ["prefixes=[", "quote"]),
        (["foo"], ["foo", "key=value"]),
        (["judge="], ["judge"]),
        (["judge=nonsense"], ["judge/nonsense", "reference"]),
        (["selection.kk=3"], ["selection.kk", "unknown key", "did you mean selection.k?"]),
        (["judg=fake"], ["judg: unknown key: did you mean judge?"]),
        (["questions.path=x"], ["questions.path: not a key of the chosen questions", "questions=file"]),
        (["-m", "judg=fake,gpt4"], ["did you mean judge?"]),
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


@pytest.mark.parametrize("typed", ["judge.api_key=sk-canary", "+judge.api_key=sk-canary", "++judge.api_key=sk-canary"])
def test_a_pasted_key_is_not_shown_and_its_place_is_named(command, capsys, typed):
    assert command("judge=gpt4", typed, do_run=run.do_run) == 2
    said = capsys.readouterr().err
    assert "judge.api_key is no setting: export the key as an environment variable" in said
    assert "name the variable in judge.api_key_env" in said
    assert "canary" not in said


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
    assert command("questions=file", "rounds=0", "optimizer.lr=-1", error=AssertionError("not reached")) == 2
    faults = capsys.readouterr().err.splitlines()
    for key in ("questions.path: missing value", "rounds: ", "optimizer.lr"):
        assert sum(key in fault for fault in faults) == 1, faults
