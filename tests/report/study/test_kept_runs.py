from dataclasses import replace

import pytest
from study_runs import run_folder, summary, write_study_config

from thoughtrank.errors import UserError
from thoughtrank.report.study.kept_runs import by_setting, collect, read_runs, seed_group, settings_of
from thoughtrank.storage.json_files import read_json, write_json


def test_the_summaries_of_finished_runs_are_copied_and_those_of_others_stay(tmp_path):
    study, runs = tmp_path / "study", tmp_path / "runs"
    (study / "plain-seed7").mkdir(parents=True)
    write_json(study / "plain-seed7" / "summary.json", summary(right=7))
    for name in ("plain-seed10", "plain-seed9", "screened-seed0", "no_seed"):
        run_folder(runs, name, right=5, with_replies=False)
    (runs / "plain-seed3").mkdir()
    found = collect(runs, study)
    assert [run.name for run in found] == ["plain-seed9", "plain-seed10", "screened-seed0"]
    kept = read_runs(study)
    assert [(run.setting, run.seed) for run in kept[:3]] == [("plain", "7"), ("plain", "9"), ("plain", "10")]
    assert read_json(study / "screened-seed0" / "summary.json") == summary(right=5)
    assert collect(tmp_path / "none", study) == []


def test_settings_are_in_the_order_of_the_sweep_and_others_after_them(tmp_path):
    study = write_study_config(tmp_path / "mine")
    assert settings_of(study) == ["plain", "screened"]
    for name in ("screened-seed0", "another-seed0", "plain-seed1"):
        run_folder(tmp_path / "runs", name, right=5, with_replies=False)
    groups = by_setting(read_runs(tmp_path / "runs"), order=settings_of(study))
    assert list(groups) == ["plain", "screened", "another"]


@pytest.mark.parametrize("text", [None, "run: mine\n", "hydra: [\n"])
def test_a_folder_without_a_config_that_sweeps_is_a_fault(tmp_path, text):
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"no config of a study of several runs"):
        settings_of(tmp_path)


def test_a_study_that_does_not_exist_is_a_fault(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: no such folder\Z"):
        settings_of(tmp_path / "nowhere")


def test_figures_of_a_setting_are_over_its_seeds(tmp_path):
    for seed, right in enumerate((5, 7)):
        run_folder(tmp_path, f"plain-seed{seed}", right=right, with_replies=False)
    row = seed_group("plain", read_runs(tmp_path)).row()
    assert (row["accuracy_mean"], row["accuracy_min"], row["accuracy_max"]) == (pytest.approx(0.3), 0.25, 0.35)


def test_figures_of_a_setting_are_of_the_last_round_whichever_is_exported(tmp_path):
    run_folder(tmp_path, "plain-seed0", right=8, with_replies=False)
    [run] = read_runs(tmp_path)
    row = seed_group("plain", [replace(run, summary={**run.summary, "exported_round": 0})]).row()
    assert row["accuracy_mean"] == pytest.approx(0.4)
