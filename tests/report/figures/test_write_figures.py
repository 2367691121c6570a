import json
import shutil
from pathlib import Path

import pytest
from headless import chromium
from stored_runs import stored_run

from thoughtrank.report.__main__ import main
from thoughtrank.report.figures import write_figures as module
from thoughtrank.report.figures.write_figures import figure_lines, write_figures

ROOT = Path(__file__).parents[3]
VECTOR = {f"{name}-{scheme}.svg" for name in ("accuracy", "prefixes") for scheme in ("light", "dark")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return stored_run(tmp_path_factory.mktemp("runs") / "example")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_without_a_browser_only_the_screenshots_are_left_out_and_the_reason_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "why_no_browser", lambda: "no browser is installed")
    made = write_figures(folder, tmp_path / "pictures")
    assert names(tmp_path / "pictures") == {*VECTOR, "results.txt"}
    assert figure_lines(made)[-1] == "left out: screenshots: no browser is installed"
    assert {path.name for path in made.paths} == names(tmp_path / "pictures")
    assert (tmp_path / "pictures" / "results.txt").read_text().startswith("2 rounds of training raised accuracy from")


def test_with_one_the_report_is_photographed_light_and_dark(folder, tmp_path, capsys):
    chromium()
    main([str(folder), "--figures", str(tmp_path)])
    assert names(tmp_path) == {*VECTOR, "results.txt", "report-light.png", "report-dark.png"}
    assert str(tmp_path / "report-dark.png") in capsys.readouterr().out
    light, dark = ((tmp_path / f"report-{scheme}.png").read_bytes() for scheme in ("light", "dark"))
    assert light.startswith(b"\x89PNG")
    assert light != dark
    assert not (folder / "report.html").exists()


def test_the_same_tables_give_the_same_files(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "why_no_browser", lambda: "no browser is installed")
    for name in ("one", "two"):
        write_figures(folder, tmp_path / name)
    for name in (*VECTOR, "results.txt"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_study_that_keeps_only_its_summary_has_an_accuracy_figure(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    shutil.copy(ROOT / "experiments" / "gsm8k_50" / "summary.json", study)
    shutil.copy(ROOT / "experiments" / "gsm8k_50" / "config.yaml", study)
    made = write_figures(study, study)
    assert {path.name for path in made.paths} == {"accuracy-light.svg", "accuracy-dark.svg"}
    assert [each.partition(":")[0] for each in made.left_out] == ["prefixes", "screenshots and results.txt"]


def test_the_pictures_of_studies_are_those_of_their_summaries():
    for summary in sorted((ROOT / "experiments").glob("*/summary.json")):
        for picture in summary.parent.glob("accuracy-*.svg"):
            shown = picture.read_text()
            for entry in json.loads(summary.read_text())["rounds"]:
                assert f"round {entry['round']}: {100 * entry['accuracy']:.1f} % [" in shown


def test_figures_are_of_one_run(folder, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(folder), str(folder), "--figures", str(tmp_path)])
    assert "--figures takes one run" in capsys.readouterr().err
