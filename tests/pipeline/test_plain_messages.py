"""What used to be found late, or as a traceback: one plain message each, all together, before anything is written."""

import json
import os
import subprocess
import sys

import pytest

LATE = ["optimizer.lr=nan", "seed=-1", "judge.max_retries=99999999999999999999", "training.max_gradient_norm=.inf"]


def faults_of(output):
    assert "Traceback" not in output
    return [line.removeprefix("error: ") for line in output.splitlines() if line.startswith("error: ")]


def test_numbers_that_training_would_refuse_are_reported_together_with_all_other_errors(workplace):
    workplace.environment["OPENAI_API_KEY"] = "key-of-this-test"
    judge = ["judge=openai", "judge.model=m", "judge.base_url='http://[bad'"]
    faults = faults_of(workplace.run(*LATE, *judge, "selection.k=0", "questions.held_out=-1", status=2))
    for key in ("optimizer.lr", "seed", "judge.max_retries", "training.max_gradient_norm", "selection.k", "held_out"):
        assert sum(fault.startswith((f"{key}:", f"{key}=", f"questions.{key}")) for fault in faults) == 1, key
    assert list(workplace.folder.iterdir()) == []


@pytest.mark.parametrize("engine", [False, True])
def test_a_url_that_is_none_is_one_message(workplace, engine):
    workplace.environment["OPENAI_API_KEY"] = "key-of-this-test"
    judge = ["judge=openai", "judge.model=m", "judge.base_url='http://[bad'"]
    served = ["engine=openai", "engine.base_urls=['http://[bad']"]
    if engine:
        workplace.left_out = ("engine.questions_per_group", "engine.replies_per_group")
    [fault] = faults_of(workplace.run(*(served if engine else judge), status=2))
    assert "base_url" in fault


@pytest.mark.parametrize("key", ["runs_dir", "cache_dir"])
@pytest.mark.parametrize("value", ["file", "/proc/thoughtrank"])
def test_a_folder_that_is_a_file_or_cannot_be_written_is_one_message(workplace, key, value):
    (workplace.folder / "file").write_text("")
    output = workplace.run(f"{key}={value}", status=2)
    [fault] = faults_of(output)
    assert fault.startswith(f"{key}={value}: ")
    assert [path.name for path in workplace.folder.iterdir()] == ["file"]


def test_a_finished_run_with_a_cache_that_cannot_be_written_shows_its_results(finished):
    output = finished.run("run=base", "rounds=2", "logger=csv", "cache_dir=/proc/thoughtrank")
    assert "finished already" in output


@pytest.mark.parametrize("config", ["{", "[]", '{"num_attention_heads": "many"}'])
def test_a_broken_model_folder_is_one_message(workplace, config):
    workplace.left_out = ("model.seed",)
    model = workplace.folder / "model"
    model.mkdir()
    (model / "config.json").write_text(config)
    [fault] = faults_of(workplace.run("model=smollm2_135m", f"model.name={model}", status=2))
    assert "config.json" in fault


def test_an_empty_config_of_a_run_is_one_message(workplace):
    workplace.path("empty").mkdir(parents=True)
    workplace.path("empty", "config.yaml").write_text("")
    [fault] = faults_of(workplace.run("run=empty", status=2))
    assert "config.yaml" in fault
    command = [sys.executable, "-m", "thoughtrank.data", "export", str(workplace.path("empty"))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    [fault] = faults_of(done.stderr)
    assert "config.yaml" in fault


def test_a_terminal_in_ascii_shows_everything(workplace):
    """Prefixes and questions that it lacks the characters for are in the plan, the warnings, the tables and the progress."""
    workplace.environment["PYTHONIOENCODING"] = "ascii"
    rows = [{"question": f"Wie groß ist {number} + 1? 中", "answer": number + 1} for number in range(10)]
    rows += [{"question": f"Zu groß: {number} " * 2_000, "answer": 1} for number in range(2)]
    file = workplace.folder / "questions.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    workplace.left_out = ("questions.held_out_unseen",)
    prefixes = ["prefixes=literal", "prefixes.literal.values=['né','中']"]
    questions = ["questions=file", f"questions.path={file}"]
    output = workplace.run("run=ascii", "rounds=1", "logger=csv", *prefixes, *questions)
    assert "gro\\xdf" in output
    assert "中" in workplace.path("ascii", "prefixes.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_the_other_commands_show_everything_on_such_terminals_too(finished, tmp_path, encoding):
    (tmp_path / "中.jsonl").write_text('{"question": "1 + 1?", "thought": "t", "answer": "2"}\n', encoding="utf-8")
    commands = {
        "data": ["import", "中.jsonl", "--to", "größe 中"],
        "report": [str(finished.path("base")), "--output", "größe 中.html"],
        "chat": ["größe 中", "Why?"],
    }
    shown = {"ascii": "gr\\xf6\\xdfe \\u4e2d", "latin-1": "größe \\u4e2d"}[encoding]
    for name, arguments in commands.items():
        command = [sys.executable, "-m", f"thoughtrank.{name}", *arguments]
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        assert done.returncode == (2 if name == "chat" else 0), done.stderr
        assert shown.encode(encoding) in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


def test_a_sweep_that_cannot_write_its_table_is_one_message(workplace):
    (workplace.folder / "multirun").write_text("")
    [fault] = faults_of(workplace.run("-m", "seed=0,1", status=2))
    assert fault.startswith("hydra.sweep.dir=multirun")
    assert "is not a folder" in fault
    assert [path.name for path in workplace.folder.iterdir()] == ["multirun"]
