"""Sweeps and side-by-side runs share what they agree on."""

import csv
import json

import pytest


def stages(workplace, kind: str) -> list:
    return [path for path in (workplace.folder / "cache" / kind).iterdir() if path.is_dir()]


def outcomes(workplace) -> list[tuple[str, str]]:
    """Run and outcome of every job of the last sweep."""
    (folder,) = (workplace.folder / "multirun").iterdir()
    with (folder / "comparison.csv").open(newline="") as file:
        return [(row["selection"] + " " + row["judge"], row["outcome"]) for row in csv.DictReader(file)]


def test_a_sweep_shares_round_one_goes_on_behind_a_failed_job_and_does_only_what_is_missing(workplace):
    # The second judge has no key: its jobs fail before they begin.
    sweep = ["-m", "selection=best,top_k", "judge=fake,gpt4", "rounds=1"]
    workplace.environment["OPENAI_API_KEY"] = ""
    output = workplace.run(*sweep, status=2)
    assert len(stages(workplace, "candidates")) == 1
    assert len(stages(workplace, "rankings")) == 1
    assert len(stages(workplace, "examples")) == 2
    expected = [
        ("best fake", "finished"),
        ("best gpt4", "failed"),
        ("top_k fake", "finished"),
        ("top_k gpt4", "failed"),
    ]
    assert outcomes(workplace) == expected
    assert output.count("gpt4") >= 2
    logs = [path.read_text() for path in workplace.folder.glob("runs/*gpt4*/run.log")]
    assert len(logs) == 2
    assert all("OPENAI_API_KEY" in log for log in logs)
    again = workplace.run(*sweep, status=2)
    assert again.count("is finished already") == 2
    assert "generation:" not in again
    assert all(path.read_text().count("OPENAI_API_KEY") == 2 for path in workplace.folder.glob("runs/*gpt4*/run.log"))
    assert outcomes(workplace) == expected


def test_jobs_side_by_side_in_processes_of_their_own_are_one_sweep(workplace):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="needs pip install '.[joblib]'")
    sweep = ["-m", "hydra/launcher=joblib", "judge=fake,reference", "rounds=1", "stop_after=ranking"]
    output = workplace.run(*sweep)
    (folder,) = (workplace.folder / "multirun").iterdir()
    with (folder / "comparison.csv").open(newline="") as file:
        assert [(row["judge"], row["outcome"]) for row in csv.DictReader(file)] == [
            ("fake", "stopped"),
            ("reference", "stopped"),
        ]
    assert len(stages(workplace, "candidates")) == 1
    assert len(stages(workplace, "rankings")) == 2
    assert "stopped" in output


def test_two_processes_with_one_run_do_the_work_once(workplace, finished):
    first, second = workplace.start("run=base"), workplace.start("run=base")
    outputs = [process.communicate(timeout=300)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("round 1 generation: 100%" in output for output in outputs) == 1
    assert sum("another process is working on run base already" in output for output in outputs) == 1
    assert sum("run base is finished already" in output for output in outputs) == 1
    assert workplace.tables("base") == finished.tables("base", rounds=1)


def test_changing_the_judge_generates_nothing_again(workplace):
    workplace.run("run=fake", "rounds=1", "stop_after=ranking")
    output = workplace.run("run=reference", "judge=reference", "rounds=1", "stop_after=ranking")
    assert "round 1 generation" not in output
    done = [json.loads(path.read_text()) for path in workplace.folder.glob("cache/candidates/*/_done.json")]
    assert len(done) == 1
