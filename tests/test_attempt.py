"""One attempt at a run around its pipeline, which a test replaces: what is compared, printed, logged and written."""

import re

import pytest
import yaml
from finishing_pipeline import replace_pipeline
from small_run import small_values

from thoughtrank import attempt, pipeline
from thoughtrank.config import row_warnings
from thoughtrank.errors import UserError
from thoughtrank.run import do_run, run_paths


@pytest.fixture
def values(tiny_folder, tmp_path):
    return small_values(model_folder=tiny_folder, workplace=tmp_path)


@pytest.fixture
def pipeline_calls(monkeypatch):
    return replace_pipeline(monkeypatch)


def log_of(values):
    return run_paths(values, choices={}).log.read_text()


def test_a_run_shows_its_plan_and_its_results_and_returns_its_summary(values, pipeline_calls, capsys):
    summary = do_run(values, choices={}, sweep="a sweep")
    assert summary == run_paths(values, choices={}).summary
    output = capsys.readouterr().out
    assert output.index("run mine: 2 rounds") < output.index("model of round 0")
    assert "50.0" in output
    assert re.search(r"\(this attempt took \d+\.\d minutes\)", output)
    [call] = pipeline_calls
    assert (call["sweep"], call["values"]) == ("a sweep", values)


def test_folders_may_be_given_by_the_home_directory(values, pipeline_calls, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    summary = do_run({**values, "runs_dir": "~/runs", "cache_dir": "~/cache"}, choices={})
    assert summary == tmp_path / "home" / "runs" / "mine" / "summary.json"
    [call] = pipeline_calls
    assert call["store"].cache_folder == tmp_path / "home" / "cache"
    assert list((tmp_path / "work").iterdir()) == []


def test_comparisons_that_exceeded_a_limit_are_counted_at_the_end(values, pipeline_calls, monkeypatch, capsys):
    monkeypatch.setattr(attempt, "comparisons_over_limit", lambda: 3)
    do_run(values, choices={})
    assert (
        "warning: 3 comparisons with a reference answer exceeded a limit and count as wrong" in capsys.readouterr().err
    )


def test_references_that_can_never_be_right_are_named_at_the_start(values, pipeline_calls, monkeypatch, capsys):
    monkeypatch.setattr(row_warnings, "unscorable", lambda _: [r"'\\boxed{}' of question 'Why?', taken as nothing"])
    do_run(values, choices={})
    [warning] = [line for line in capsys.readouterr().err.splitlines() if "never" in line]
    assert (
        warning
        == r"warning: this reference answer can never be right: '\\boxed{}' of question 'Why?', taken as nothing"
    )


def test_its_config_is_written_as_composed_and_its_log_has_the_start_and_the_end(values, pipeline_calls):
    do_run(values, choices={})
    assert yaml.safe_load(run_paths(values, choices={}).config.read_text()) == values
    started, ended = log_of(values).splitlines()
    assert "started: " in started
    assert "ended after 0.0 minutes" in ended


def test_a_secret_of_a_component_is_stored_nowhere_and_another_one_resumes_the_run(values, pipeline_calls, tmp_path):
    def with_key(key):
        judge = {"_target_": "keyed_judge.KeyedJudge", "api_key": key, "server": {"password": f"{key}-too"}}
        return {**values, "judge": judge, "stop_after": "ranking"}

    do_run(with_key("canary-1"), choices={})
    do_run(with_key("canary-2"), choices={})
    judges = [call["values"]["judge"] for call in pipeline_calls]
    assert [(each["api_key"], each["server"]) for each in judges] == [("[redacted]", {"password": "[redacted]"})] * 2
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary" in path.read_bytes()]
    keys = {pipeline_calls[number]["components"].judge.api_key for number in (0, 1)}
    assert keys == {"canary-1", "canary-2"}
    identities = [call["components"].judge.identity() for call in pipeline_calls]
    assert identities[0] == identities[1]
    assert "canary" not in str(identities)


def test_a_finished_run_returns_at_once_and_shows_its_results_again(values, pipeline_calls, capsys):
    first = do_run(values, choices={})
    capsys.readouterr()
    assert do_run(values, choices={}) == first
    assert len(pipeline_calls) == 1
    output = capsys.readouterr().out
    assert "run mine is finished already; rounds=3 would extend it" in output
    assert "model of round 0" in output
    assert "generation" not in output


@pytest.mark.parametrize("change", [{"rounds": 3}, {"keep": "last"}, {"export": {"which": "best", "name": "Mine"}}])
def test_a_finished_run_of_which_more_is_wanted_goes_on(values, pipeline_calls, monkeypatch, change):
    do_run(values, choices={})
    before = run_paths(values, choices={}).config.read_text()
    monkeypatch.setattr(pipeline, "run_pipeline", lambda **options: pipeline_calls.append(options))
    assert do_run({**values, **change, "stop_after": "ranking"}, choices={}) is None
    assert len(pipeline_calls) == 2
    assert run_paths(values, choices={}).config.read_text() == before


def test_a_run_whose_export_was_deleted_is_not_finished(values, pipeline_calls):
    do_run(values, choices={})
    export = run_paths(values, choices={}).export
    (export / "config.json").unlink()
    export.rmdir()
    do_run(values, choices={})
    assert len(pipeline_calls) == 2


def test_another_config_under_the_same_name_is_refused_and_names_every_difference(values, pipeline_calls, capsys):
    do_run(values, choices={})
    other = {**values, "seed": 5, "generation": {**values["generation"], "thought_tokens": 9}}
    for dry_run in (True, False):
        with pytest.raises(UserError) as caught:
            do_run({**other, "dry_run": dry_run}, choices={})
        [fault] = caught.value.faults
        assert "run mine was started with another config" in fault
        assert "\n  generation.thought_tokens was 56, is 9;\n  seed was 0, is 5.\n" in fault
        assert ("candidates per round" in capsys.readouterr().out) is dry_run
    assert len(pipeline_calls) == 1


def test_another_config_under_the_same_name_is_named_together_with_other_faults(values, pipeline_calls):
    do_run(values, choices={})
    selection = {**values["selection"], "k": 0}
    for dry_run in (True, False):
        with pytest.raises(UserError) as caught:
            do_run({**values, "selection": selection, "dry_run": dry_run}, choices={})
        assert len(caught.value.faults) == 2, caught.value.faults


@pytest.mark.parametrize("content", ["", "- a list", "rounds: ["])
def test_a_damaged_config_of_a_run_is_named_together_with_other_faults(values, pipeline_calls, capsys, content):
    do_run(values, choices={})
    paths = run_paths(values, choices={})
    paths.config.write_text(content)
    for dry_run in (True, False):
        with pytest.raises(UserError) as caught:
            do_run(
                {**values, "selection": {**values["selection"], "k": 0}, "rounds": 3, "dry_run": dry_run}, choices={}
            )
        assert len(caught.value.faults) == 2, caught.value.faults
        assert any("config.yaml is no config of a run: restore it" in fault for fault in caught.value.faults)
    capsys.readouterr()
    with pytest.raises(UserError):
        do_run({**values, "dry_run": True}, choices={})
    assert "candidates per round" in capsys.readouterr().out
    assert len(pipeline_calls) == 1
    assert paths.config.read_text() == content


def test_another_value_of_a_variable_that_decides_results_is_refused_and_neither_value_is_stored(
    values, pipeline_calls, monkeypatch
):
    def attempt(value):
        monkeypatch.setenv("CRITERION", value)
        judge = {"_target_": "thoughtrank.judging.fake.FakeJudge"}
        groups = {"judge": judge, "generation": {**values["generation"], "thought_tokens": len(value)}}
        stored = {**values, **groups, "generation": {**values["generation"], "thought_tokens": "${oc.env:CRITERION}"}}
        return do_run({**values, **groups}, choices={}, stored=stored)

    first = attempt("a" * 31)
    assert attempt("a" * 31) == first
    with pytest.raises(UserError, match=r"generation\.thought_tokens came from an environment variable") as caught:
        attempt("b" * 32)
    assert "aaaa" not in str(caught.value)
    texts = [path.read_text() for path in first.parent.rglob("*") if path.is_file()]
    assert not any("31" in text.split() for text in texts)


@pytest.mark.parametrize("name", ["summary.json", "export/config.json"])
@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_finished_run_with_a_damaged_file_names_it_and_goes_on(values, pipeline_calls, capsys, name, text):
    folder = do_run(values, choices={}).parent
    (folder / name).write_text(text)
    do_run(values, choices={})
    assert len(pipeline_calls) == 2
    captured = capsys.readouterr()
    assert f"warning: run mine was finished, but files in its folder are damaged: {name}." in captured.err
    assert "is finished already" not in captured.out
    do_run(values, choices={})
    assert len(pipeline_calls) == 2
    assert "is finished already" in capsys.readouterr().out


def test_what_cannot_change_results_may_differ_between_attempts(values, pipeline_calls):
    do_run(values, choices={})
    other = {**values, "training": {**values["training"], "log_every": 99}}
    assert do_run({**other, "logger": {"_target_": "thoughtrank.report.loggers.CsvLogger"}}, choices={})


def test_a_stopped_run_is_none_and_the_command_that_resumes_it_is_shown(values, pipeline_calls, capsys):
    assert do_run({**values, "stop_after": "ranking"}, choices={}) is None
    assert "stopped after ranking as requested" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "logged"),
    [(UserError("the judge is down"), "stopped: the judge is down"), (RuntimeError("a bug"), "RuntimeError: a bug")],
)
def test_why_a_run_failed_is_in_its_log(values, monkeypatch, error, logged):
    def fails(**options):
        raise error

    monkeypatch.setattr(pipeline, "run_pipeline", fails)
    with pytest.raises(type(error)):
        do_run(values, choices={})
    assert logged in log_of(values)
    assert ("Traceback" in log_of(values)) == isinstance(error, RuntimeError)


@pytest.mark.parametrize("dry_run", [False, True])
def test_rows_that_are_left_out_are_warned_about_ten_by_name(values, pipeline_calls, capsys, tmp_path, dry_run):
    good = [f'{{"question": "What is {number} + 1?", "answer": "{number + 1}"}}\n' for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(good) + "{broken\n" * 12)
    source = {
        "_target_": "thoughtrank.questions.question_file.QuestionFile",
        "path": str(tmp_path / "rows.jsonl"),
        "seed": 0,
        "train_per_round": 3,
        "held_out": 3,
    }
    do_run({**values, "questions": source, "dry_run": dry_run}, choices={})
    printed = capsys.readouterr()
    warnings = [line for line in printed.err.splitlines() if line.startswith("warning: skipped")]
    assert "candidates per round" in printed.out
    assert len(warnings) == 11
    assert "rows.jsonl:21" in warnings[0]
    assert warnings[-1] == "warning: skipped 2 more rows"
