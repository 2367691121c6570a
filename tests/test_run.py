"""One run around its pipeline, which a test replaces: what is checked, printed, logged and written."""

import re

import pytest
import yaml
from small_run import small_values

from thoughtrank import pipeline
from thoughtrank.errors import UserError
from thoughtrank.run import do_run, run_paths
from thoughtrank.storage.json_files import write_json

ENTRY = {
    "round": 0,
    "accuracy": 0.5,
    "accuracy_low": 0.4,
    "accuracy_high": 0.6,
    "direct_accuracy": 0.25,
    "direct_low": 0.2,
    "direct_high": 0.3,
    "n": 3,
    "unseen_n": 0,
    "unseen_accuracy": None,
    "unseen_low": None,
    "unseen_high": None,
    "thought_rate": 0.5,
    "reply_tokens": 20.0,
    "truncation_rate": 0.0,
    "direct_truncation_rate": 0.0,
    "questions_left_out": 0,
    "held_out_left_out": 0,
    "examples": 0,
    "seconds": {"generation": 0.0, "ranking": 0.0, "selection": 0.0, "training": 0.0, "evaluation": 1.0},
    "judge_tokens": 0,
    "judge_cost": 0.0,
    "judge_audit": {},
    "unranked": {},
    "best_prefixes": [],
}


@pytest.fixture
def values(tiny_folder, tmp_path):
    return small_values(model_folder=tiny_folder, workplace=tmp_path)


@pytest.fixture
def pipeline_calls(monkeypatch):
    """Replaces the pipeline by one that only writes what a finished run has; holds the arguments of each call."""
    calls = []

    def finishes(*, config, store, **options):
        calls.append({"config": config, **options})
        if config.stop_after is not None:
            return None
        paths = store.paths
        paths.export.mkdir()
        (paths.export / "config.json").write_text("{}")
        summary = {
            "run": paths.folder.name,
            "rounds": [ENTRY],
            "exported_round": 0,
            "export": str(paths.export),
            "finished": pipeline.finished_settings(config),
        }
        write_json(paths.summary, summary)
        return summary

    monkeypatch.setattr(pipeline, "run_pipeline", finishes)
    return calls


def log_of(values):
    return run_paths(values, choices={}).log.read_text()


def test_a_run_shows_its_plan_and_its_results_and_returns_its_summary(values, pipeline_calls, capsys):
    summary = do_run(values, choices={}, sweep="a sweep")
    assert summary == run_paths(values, choices={}).summary
    output = capsys.readouterr().out
    assert output.index("run mine: 2 rounds") < output.index("model of round 0")
    assert "50.0" in output
    assert re.search(r"\(\d+\.\d minutes\)", output)
    [call] = pipeline_calls
    assert (call["sweep"], call["values"]) == ("a sweep", values)


def test_its_config_is_written_as_composed_and_its_log_has_the_start_and_the_end(values, pipeline_calls):
    do_run(values, choices={})
    assert yaml.safe_load(run_paths(values, choices={}).config.read_text()) == values
    started, ended = log_of(values).splitlines()
    assert "started: " in started
    assert "ended after 0.0 minutes" in ended


def test_a_finished_run_returns_at_once_and_shows_its_results_again(values, pipeline_calls, capsys):
    first = do_run(values, choices={})
    capsys.readouterr()
    assert do_run(values, choices={}) == first
    assert len(pipeline_calls) == 1
    output = capsys.readouterr().out
    assert "run mine is finished already; rounds=4 would extend it" in output
    assert "model of round 0" in output
    assert "generation" not in output


@pytest.mark.parametrize(
    "change",
    [{"rounds": 3}, {"keep": "last"}, {"controls": ["answers_only"]}, {"export": {"which": "best", "name": "Mine"}}],
)
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


def test_another_config_under_the_same_name_is_refused_and_names_every_difference(values, pipeline_calls):
    do_run(values, choices={})
    other = {**values, "seed": 5, "generation": {**values["generation"], "thought_tokens": 9}}
    with pytest.raises(UserError) as caught:
        do_run(other, choices={})
    [fault] = caught.value.faults
    assert "run mine was started with another config" in fault
    assert "generation.thought_tokens was 56, is 9" in fault
    assert "seed was 0, is 5" in fault
    assert len(pipeline_calls) == 1


def test_what_cannot_change_results_may_differ_between_attempts(values, pipeline_calls):
    do_run(values, choices={})
    other = {**values, "training": {**values["training"], "log_every": 99}}
    assert do_run({**other, "logger": {"_target_": "thoughtrank.report.loggers.CsvLogger"}}, choices={})


def test_a_stopped_run_is_none_and_the_command_that_resumes_it_is_shown(values, pipeline_calls, capsys):
    assert do_run({**values, "stop_after": "ranking"}, choices={}) is None
    assert "stopped after ranking as requested" in capsys.readouterr().out


def test_a_dry_run_shows_the_plan_and_writes_nothing(values, pipeline_calls, capsys, tmp_path):
    assert do_run({**values, "dry_run": True}, choices={}) is None
    assert "9 candidates per round" in capsys.readouterr().out
    assert pipeline_calls == []
    assert list(tmp_path.iterdir()) == []


def test_faults_are_reported_before_anything_is_written(values, pipeline_calls, tmp_path):
    with pytest.raises(UserError) as caught:
        do_run({**values, "selection": {**values["selection"], "k": 0}}, choices={})
    assert ["selection.k=0" in fault for fault in caught.value.faults] == [True]
    assert list(tmp_path.iterdir()) == []


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


def test_rows_that_are_left_out_are_warned_about_ten_by_name(values, pipeline_calls, capsys, tmp_path):
    good = [f'{{"question": "What is {number} + 1?", "answer": "{number + 1}"}}\n' for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(good) + "{broken\n" * 12)
    source = {
        "_target_": "thoughtrank.questions.question_file.QuestionFile",
        "path": str(tmp_path / "rows.jsonl"),
        "seed": 0,
        "train_per_round": 3,
        "held_out": 3,
    }
    do_run({**values, "questions": source}, choices={})
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: skipped")]
    assert len(warnings) == 11
    assert "rows.jsonl:21" in warnings[0]
    assert warnings[-1] == "warning: skipped 2 more rows"


def test_the_name_of_a_run_is_given_or_made_of_its_choices(values, tmp_path):
    assert run_paths(values, choices={}).folder == tmp_path / "runs" / "mine"
    unnamed = run_paths({**values, "run": None}, choices={"model": "tiny", "judge": "fake"}).folder
    assert re.fullmatch(r"tiny-fake-[0-9a-f]{6}", unnamed.name)


def test_a_machine_that_only_trains_follows_and_starts_no_run(values, pipeline_calls, monkeypatch, tmp_path):
    from thoughtrank.finetuning.distributed.multi_node import MultiNodeTraining
    from thoughtrank.finetuning.distributed.rendezvous import Rendezvous

    followed = []
    monkeypatch.setattr(Rendezvous, "find", lambda environment, num_nodes: Rendezvous(node_rank=1, num_nodes=2))
    monkeypatch.setattr(MultiNodeTraining, "_connect", lambda self: None)
    monkeypatch.setattr(MultiNodeTraining, "follow", lambda self, devices: followed.append(devices))
    assert do_run(values, choices={}) is None
    assert (followed, pipeline_calls) == ([1], [])
    assert list(tmp_path.iterdir()) == []
