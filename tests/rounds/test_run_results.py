"""Controls, findings, export and summary of a run whose rounds are computed in this process."""

import pytest
from fake_models import CopyingTraining
from small_run import small_values
from whole_run import ROUND, RecordingLogger, recorded_workplace

from thoughtrank.config.schema import load_config
from thoughtrank.report.labels import side_label
from thoughtrank.rounds.run_results import finished_settings
from thoughtrank.stages.export import Export
from thoughtrank.stages.round_models import BaseModel


@pytest.fixture
def workplace(tmp_path, tiny_folder, monkeypatch):
    return recorded_workplace(tmp_path, model_folder=tiny_folder, monkeypatch=monkeypatch)


VARIANTS = [f"control answers only, {variant}" for variant in ("copies", "pairs")]
CONTROLS = [f"round 2 {stage} of {variant}" for variant in VARIANTS for stage in ROUND[3:]]


def test_controls_follow_the_last_round_and_come_before_the_export(workplace):
    summary = workplace.run(controls=["answers_only"])
    after = workplace.made[workplace.made.index("round 2 evaluation") + 1 :]
    assert [name for name in after if name in CONTROLS] == CONTROLS
    assert after[0] == f"round 2 examples of {VARIANTS[0]}"
    assert after[-1] == "export"
    assert summary["controls"].keys() == {"answers_only"}
    assert summary["controls"]["answers_only"]["variants"].keys() == {"copies", "pairs"}
    effect = summary["thought_effect"]
    assert effect["n"] == 3
    assert effect["against"].startswith("answers_only/")
    assert f"n = 3, against {side_label(effect['against'])}" in (workplace.store.paths.export / "README.md").read_text()


def test_a_finished_run_gets_a_control_and_repeats_nothing_else(workplace):
    workplace.run()
    workplace.run(controls=["random_thoughts"])
    stages = [f"round 2 {stage} of control random thoughts" for stage in ("examples", "training", "evaluation")]
    # The model card states what controls reached, so it is exported once more.
    assert workplace.made == [*stages, "export"]
    workplace.run(controls=["random_thoughts"])
    assert workplace.made == []
    workplace.run(controls=["answers_only"])
    assert workplace.made[-1] == "export"
    assert all("answers only" in name for name in workplace.made[:-1])


def test_a_run_that_was_stopped_in_a_control_resumes_there(workplace, monkeypatch):
    train = CopyingTraining.train

    def stops_at_pairs(self, job_file, *, devices):
        if VARIANTS[1] in job_file.read_text():
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


@pytest.mark.parametrize("chosen", [0, 1])
def test_the_export_is_that_of_the_chosen_round(workplace, monkeypatch, chosen):
    exported, make = [], Export.make

    def recorded(self, artifact):
        exported.append(self.model)
        make(self, artifact)

    monkeypatch.setattr(Export, "make", recorded)
    monkeypatch.setattr("thoughtrank.rounds.run_results.round_to_export", lambda entries, *, which: chosen)
    assert workplace.run()["exported_round"] == chosen
    [model] = exported
    if chosen:
        assert model.stage.published == workplace.store.paths.model(chosen)
    else:
        assert isinstance(model.stage, BaseModel)


def test_what_a_finished_run_was_asked_for(tiny_folder, tmp_path):
    values = small_values(model_folder=tiny_folder, workplace=tmp_path, keep="last")
    settings = finished_settings(load_config(values))
    assert settings == {"rounds": 2, "export": values["export"], "keep": "last", "controls": [], "win_rates": "auto"}
    twice = load_config({**values, "controls": ["random_thoughts", "answers_only", "random_thoughts"]})
    assert finished_settings(twice)["controls"] == ["answers_only", "random_thoughts"]


@pytest.mark.parametrize(
    ("training", "rounds"),
    [({"start": "base", "examples": "round"}, [2]), ({"start": "previous", "examples": "round"}, [1, 2])],
)
def test_the_card_counts_the_examples_that_its_model_was_trained_on(workplace, training, rounds):
    values = small_values(model_folder=workplace.model_folder, workplace=workplace.folder)
    summary = workplace.run(training={**values["training"], **training})
    examples = sum(summary["rounds"][number]["examples"] for number in rounds)
    card = " ".join((workplace.store.paths.export / "README.md").read_text().split())
    assert f"after round 2, trained on {examples} such examples" in card
