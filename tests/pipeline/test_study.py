"""A study as its page starts it, with its real config made small: killed, started again, and its tables written."""

import shutil
from pathlib import Path

import pytest
from killing import kill_when

from thoughtrank.report.study.__main__ import main

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
STUDY = "thought_choice"
RUNS = ["hash-seed0", "shortest-seed0"]


@pytest.mark.slow
def test_a_study_that_was_killed_finishes_with_the_same_command_and_its_tables_are_written(workplace, capsys):
    study = workplace.folder / "experiments" / STUDY
    # Without what is kept of the runs that are finished already.
    shutil.copytree(EXPERIMENTS / STUDY / "settings", study / "settings")
    shutil.copy(EXPERIMENTS / STUDY / "config.yaml", study)
    command = (
        f"--config-dir={study.parent}",
        f"+{STUDY}=config",
        f"{STUDY}/settings=hash,shortest",
        "seed=0",
        "questions.development=4",
    )
    process = workplace.start(*command)
    assert kill_when(process, workplace.path(STUDY, RUNS[0], "summary.json").exists)
    assert not workplace.path(STUDY, RUNS[-1], "summary.json").exists()
    output = workplace.run(*command)
    assert f"{RUNS[0]} is finished already" in output
    assert all(workplace.path(STUDY, run, "summary.json").exists() for run in RUNS)
    # Settings that differ in selection only have one table of candidates.
    assert len(list(workplace.folder.glob("cache/candidates/*/_done.json"))) == 1
    main([str(study), "--runs-dir", str(workplace.path("."))])
    results = (study / "results.md").read_text()
    settings = results.partition("## Settings")[2].partition("## ")[0]
    first, second = (line for line in settings.splitlines() if line.startswith(("| `hash` ", "| `shortest` ")))
    assert "n = 6" in second  # the test questions, beside the first setting
    assert "n = 6" not in first
    assert "| development |" in results
    written = capsys.readouterr().out
    assert f"{study}/comparison.json" in written
    assert f"{study}/accuracy-light.svg" in written
    assert {path.name for path in study.iterdir() if (path / "summary.json").exists()} == set(RUNS)
