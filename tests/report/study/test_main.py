from pathlib import Path

import pytest
from study_runs import run_folder, write_study_config

from thoughtrank.report.study.__main__ import main, study_files
from thoughtrank.report.study.kept_runs import read_runs, settings_of

PICTURES = ("accuracy", "genuine", "differences", "effects")
EXPERIMENTS = Path(__file__).parents[3] / "experiments"


def test_one_command_keeps_the_summaries_and_writes_tables_and_pictures_without_the_runs_afterwards(tmp_path, capsys):
    study = write_study_config(tmp_path / "mine")
    run_folder(tmp_path / "runs" / "mine", "plain-seed0", right=6)
    run_folder(tmp_path / "runs" / "mine", "screened-seed0", right=16)
    main([str(study), "--runs-dir", str(tmp_path / "runs")])
    names = {path.name for path in study.iterdir() if path.is_file()}
    pictures = {f"{name}-{scheme}.svg" for name in PICTURES for scheme in ("light", "dark")}
    assert names == {"config.yaml", "comparison.json", "results.md", *pictures}
    text = (study / "results.md").read_text()
    assert "+50.0 [" in text
    assert str(study / "results.md") in capsys.readouterr().out
    main([str(study), "--runs-dir", str(tmp_path / "elsewhere")])
    assert (study / "results.md").read_text() == text


def test_folders_may_be_given_by_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    study = write_study_config(tmp_path / "mine")
    run_folder(tmp_path / "runs" / "mine", "plain-seed0", right=6)
    main(["~/mine", "--runs-dir=~/runs"])
    assert (study / "results.md").exists()


def test_a_study_without_a_finished_run_is_left_out_and_a_folder_that_is_none_is_one_message(tmp_path, capsys):
    study = write_study_config(tmp_path / "mine")
    main([str(study), "--runs-dir", str(tmp_path / "runs")])
    assert "no run of it is finished" in capsys.readouterr().out
    assert [path.name for path in study.iterdir()] == ["config.yaml"]
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path)])
    assert stopped.value.code == 2
    assert "no config of a study of several runs" in capsys.readouterr().err


def test_the_tables_and_pictures_of_studies_are_those_of_the_summaries_they_keep():
    for results in sorted(EXPERIMENTS.glob("*/results.md")):
        study = results.parent
        for name, text in study_files(study, read_runs(study), order=settings_of(study)).items():
            assert (study / name).read_text(encoding="utf-8") == text, (
                f"make figures writes another {study.name}/{name}"
            )
