"""Sweeps and side-by-side runs share what they agree on."""

import json


def stages(workplace, kind: str) -> list:
    return [path for path in (workplace.folder / "cache" / kind).iterdir() if path.is_dir()]


def test_a_multirun_over_selection_generates_round_one_once(workplace):
    workplace.run("-m", "selection=best,top_k", "rounds=1", "selection.allow_truncated=true")
    assert len(stages(workplace, "candidates")) == 1
    assert len(stages(workplace, "rankings")) == 1
    assert len(stages(workplace, "examples")) == 2
    runs = sorted(path.name for path in (workplace.folder / "runs").iterdir())
    assert len(runs) == 2
    assert any("best" in name for name in runs)
    assert any("top_k" in name for name in runs)


def test_two_processes_with_one_run_do_the_work_once(workplace, finished):
    first, second = workplace.start("run=base"), workplace.start("run=base")
    outputs = [process.communicate(timeout=300)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sum("round 1 generation: 100%" in output for output in outputs) == 1
    assert sum("another process is working on run base already" in output for output in outputs) == 1
    assert sum("run base is finished already" in output for output in outputs) == 1
    assert workplace.tables("base") == finished.tables("base")


def test_changing_the_judge_generates_nothing_again(workplace):
    workplace.run("run=fake", "rounds=1", "stop_after=ranking")
    output = workplace.run("run=reference", "judge=reference", "rounds=1", "stop_after=ranking")
    assert "round 1 generation" not in output
    done = [json.loads(path.read_text()) for path in workplace.folder.glob("cache/candidates/*/_done.json")]
    assert len(done) == 1
