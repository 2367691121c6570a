"""A whole run in this process, with a computed engine and models that are copied instead of trained."""

import shutil
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from fake_models import CopyingTraining
from small_run import small_values

from thoughtrank.config.components import make_components
from thoughtrank.config.schema import load_config
from thoughtrank.errors import UserError
from thoughtrank.pipeline import finished_settings, run_pipeline
from thoughtrank.report.loggers import Logger
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.stage_reuse import Store

ROUND = ("generation", "ranking", "selection", "training", "evaluation")
WHOLE = ["round 0 evaluation", *(f"round {number} {stage}" for number in (1, 2) for stage in ROUND), "export"]


class RecordingLogger(Logger):
    """Keeps what it is given."""

    def __init__(self):
        self.events = []

    def start(self, *, run, folder, config, sweep):
        self.events.append(("start", run, sweep))

    def log_round(self, metrics):
        self.events.append(("round", metrics["round"]))

    def log_prefixes(self, round_number, rows):
        self.events.append(("prefixes", round_number, sorted(row["prefix"] for row in rows)))

    def log_training(self, round_number, rows):
        self.events.append(("training", round_number))

    def log_outputs(self, outputs):
        self.events.append(("outputs", {(each.name, each.round_number): list(each.made_from) for each in outputs}))

    def finish(self):
        self.events.append(("finish",))


class Workplace:
    """Runs one run, again and again if a test wants it."""

    def __init__(self, folder, *, model_folder):
        self.folder, self.model_folder = folder, model_folder
        self.store = Store(run_folder=folder / "runs" / "mine", cache_folder=folder / "cache")
        self.made = []
        self.logger = RecordingLogger()

    def run(self, **top_level):
        """What ``run_pipeline`` returns; ``made`` holds the names of the stages that did any work."""
        values = small_values(model_folder=self.model_folder, workplace=self.folder, **top_level)
        config = load_config(values)
        components = replace(make_components(config), logger=self.logger)
        self.store.paths.folder.mkdir(parents=True, exist_ok=True)
        self.made.clear()
        self.logger.events.clear()
        return run_pipeline(
            config=config, components=components, store=self.store, nodes=CopyingTraining(), values=values, sweep="s"
        )


@pytest.fixture
def workplace(tmp_path, tiny_folder, monkeypatch):
    place = Workplace(tmp_path, model_folder=tiny_folder)
    complete = Store.complete

    def recorded(self, recipe):
        if not self.artifact(recipe).done and recipe.name != "base model":
            place.made.append(recipe.name)
        return complete(self, recipe)

    monkeypatch.setattr(Store, "complete", recorded)
    return place


def test_every_stage_of_every_round_runs_once_in_order_and_the_summary_is_written_last(workplace):
    summary = workplace.run()
    assert workplace.made == WHOLE
    assert summary == read_json(workplace.store.paths.summary)
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    assert [entry["n"] for entry in summary["rounds"]] == [3, 3, 3]
    assert (summary["run"], summary["exported_round"]) == ("mine", 2)
    for number in range(3):
        assert read_json(workplace.store.paths.evaluation(number))["round"] == number


def test_a_second_attempt_repeats_nothing(workplace):
    first = workplace.run()
    again = workplace.run()
    assert workplace.made == []
    assert again == first


def test_the_engine_frees_the_devices_before_every_training_and_at_the_end(workplace, monkeypatch):
    freed = []
    monkeypatch.setattr(FakeEngine, "release", lambda self: freed.append(workplace.made[-1]))
    workplace.run()
    assert freed == ["round 1 training", "round 2 training", WHOLE[-1]]


def test_the_engine_frees_the_devices_after_a_failure_too(workplace, monkeypatch):
    freed = []

    def fails(self, model_folder, *, work_folder=None):
        raise UserError("no memory")

    monkeypatch.setattr(FakeEngine, "open", fails)
    monkeypatch.setattr(FakeEngine, "release", lambda self: freed.append(self))
    with pytest.raises(UserError, match="no memory"):
        workplace.run()
    assert len(freed) == 1


@pytest.mark.parametrize("stage", ROUND[:-1])
def test_stop_after_ends_the_first_unfinished_round_after_that_stage(workplace, stage):
    assert workplace.run(stop_after=stage) is None
    assert workplace.made == WHOLE[: WHOLE.index(f"round 1 {stage}") + 1]
    assert not workplace.store.paths.summary.exists()
    assert workplace.run() is not None
    assert workplace.made == WHOLE[WHOLE.index(f"round 1 {stage}") + 1 :]


def test_stop_after_gains_ends_the_round_after_the_gains_and_the_selection_uses_them(workplace):
    engine = {"_target_": "fake_engine.ScoringEngine"}
    assert workplace.run(stop_after="gains", engine=engine) is None
    assert workplace.made == ["round 0 evaluation", "round 1 generation", "round 1 ranking", "round 1 gains"]
    assert workplace.run(engine=engine) is not None
    assert workplace.made[0] == "round 1 selection"


def test_stop_after_does_not_stop_at_a_finished_round(workplace):
    workplace.run(rounds=1)
    assert workplace.run(stop_after="ranking") is None
    assert workplace.made == ["round 2 generation", "round 2 ranking"]


def test_more_rounds_run_only_what_is_missing_and_export_again(workplace):
    workplace.run(rounds=1)
    summary = workplace.run(rounds=2)
    assert workplace.made == [*WHOLE[6:11], "export"]
    assert summary["exported_round"] == 2


def test_a_run_needs_no_cache_to_be_extended(workplace):
    workplace.run(rounds=1)
    shutil.rmtree(workplace.store.cache_folder)
    workplace.run(rounds=2)
    assert workplace.made == [*WHOLE[6:11], "export"]


CONTROLS = [f"round 2 answers_only {variant} {stage}" for variant in ("copies", "pairs") for stage in ROUND[3:]]
EXAMPLES = [f"round 2 answers_only {variant} examples" for variant in ("copies", "pairs")]


def test_controls_follow_the_last_round_and_come_before_the_export(workplace):
    summary = workplace.run(controls=["answers_only"])
    after = workplace.made[workplace.made.index("round 2 evaluation") + 1 :]
    assert [name for name in after if name in CONTROLS] == CONTROLS
    assert after[0] == EXAMPLES[0]
    assert after[-1] == "export"
    assert summary["controls"].keys() == {"answers_only"}
    assert summary["controls"]["answers_only"]["variants"].keys() == {"copies", "pairs"}
    effect = summary["thought_effect"]
    assert effect["n"] == 3
    assert effect["against"].startswith("answers_only/")
    assert f"n = 3, against {effect['against']}" in (workplace.store.paths.export / "README.md").read_text()


def test_a_finished_run_gets_a_control_and_repeats_nothing_else(workplace):
    workplace.run()
    workplace.run(controls=["random_thoughts"])
    stages = [f"round 2 random_thoughts {stage}" for stage in ("examples", "training", "evaluation")]
    assert workplace.made == stages
    workplace.run(controls=["random_thoughts"])
    assert workplace.made == []
    # The model card states the thought effect, so it is exported once more.
    workplace.run(controls=["answers_only"])
    assert workplace.made[-1] == "export"
    assert all("answers_only" in name for name in workplace.made[:-1])


def test_a_run_that_was_stopped_in_a_control_resumes_there(workplace, monkeypatch):
    train = CopyingTraining.train

    def stops_at_pairs(self, job_file, *, devices):
        if "answers_only pairs" in job_file.read_text():
            raise KeyboardInterrupt
        train(self, job_file, devices=devices)

    with monkeypatch.context() as patched:
        patched.setattr(CopyingTraining, "train", stops_at_pairs)
        with pytest.raises(KeyboardInterrupt):
            workplace.run(controls=["answers_only"])
    summary = workplace.run(controls=["answers_only"])
    assert workplace.made == [*CONTROLS[2:], "export"]
    assert summary["thought_effect"]["n"] == 3


def test_without_controls_the_thought_effect_is_not_measured(workplace):
    summary = workplace.run()
    assert (summary["thought_effect"], summary["controls"]) == (None, {})
    assert {row["second"] for row in summary["comparisons"]} >= {"round 0 thought", "round 2 answer_at_once"}


def test_the_logger_gets_the_numbers_of_the_findings(workplace, monkeypatch):
    logged = []
    monkeypatch.setattr(RecordingLogger, "log_findings", lambda self, findings: logged.append(findings))
    summary = workplace.run(controls=["answers_only"])
    [findings] = logged
    assert findings["thought_effect_points"] == summary["thought_effect"]["points"]


def test_keep_deletes_the_weights_but_not_those_of_the_export(workplace):
    workplace.run(keep="none")
    paths = workplace.store.paths
    assert not list(paths.folder.glob("round_*/4_model/*.safetensors"))
    assert list(paths.export.glob("*.safetensors"))


def test_the_best_round_is_exported_where_that_is_chosen(workplace):
    summary = workplace.run(export={"which": "best", "name": "Mine"})
    accuracies = [entry["development_accuracy"] for entry in summary["rounds"]]
    assert accuracies[summary["exported_round"]] == max(accuracies)
    assert [name for name in workplace.made if name.endswith("development")] == [
        f"round {number} development" for number in range(3)
    ]
    assert "# Mine" in (workplace.store.paths.export / "README.md").read_text()


def test_where_the_last_round_is_exported_nobody_asks_the_development_questions(workplace):
    summary = workplace.run()
    assert not any(name.endswith("development") for name in workplace.made)
    assert "development_accuracy" not in summary["rounds"][0]


def test_the_logger_hears_of_every_round_and_is_finished(workplace):
    workplace.run()
    rounds = [("prefixes", "training", "outputs") if number else () for number in range(3)]
    kinds = ["start", *(kind for each in rounds for kind in ("round", *each)), "finish"]
    assert [event[0] for event in workplace.logger.events] == kinds
    assert workplace.logger.events[0] == ("start", "mine", "s")
    assert ("prefixes", 1, ["a", "b", "c"]) in workplace.logger.events
    assert [event[1] for event in workplace.logger.events if event[0] == "outputs"][1] == {
        ("candidates", 2): [("model", 1)],
        ("rankings", 2): [("candidates", 2)],
        ("examples", 2): [("candidates", 2), ("rankings", 2)],
        ("model", 2): [("examples", 1), ("examples", 2)],
    }


def test_the_logger_is_finished_also_after_an_error(workplace, monkeypatch):
    def fails(self, job_file, *, devices):
        raise RuntimeError("no memory")

    monkeypatch.setattr(CopyingTraining, "train", fails)
    with pytest.raises(RuntimeError, match="no memory"):
        workplace.run()
    assert workplace.logger.events[-1] == ("finish",)


def test_what_a_finished_run_was_asked_for(tiny_folder, tmp_path):
    values = small_values(model_folder=tiny_folder, workplace=tmp_path, keep="last")
    settings = finished_settings(load_config(values))
    assert settings == {"rounds": 2, "export": values["export"], "keep": "last", "controls": [], "win_rates": "auto"}
    twice = load_config({**values, "controls": ["random_thoughts", "answers_only", "random_thoughts"]})
    assert finished_settings(twice)["controls"] == ["answers_only", "random_thoughts"]
