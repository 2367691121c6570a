"""A run that is killed, stopped or extended ends with the tables of one that was not."""

import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress

import pytest
from killing import kill_when


def written(workplace, pattern):
    """The files with the times of their last change: the kill before may have come so late that a file was there already."""
    found = set()
    for path in workplace.folder.glob(pattern):
        with suppress(FileNotFoundError):
            found.add((path, path.stat().st_mtime_ns))
    return found


@pytest.mark.slow
def test_a_run_killed_in_every_stage_ends_with_the_same_tables_and_weights(workplace, finished):
    for pattern in (
        "cache/evaluations/*/part-00001.parquet",
        "cache/candidates/*/part-00000.parquet",
        "cache/rankings/*/_verdicts.jsonl",
        "cache/examples/*/part-00000.parquet",
        "cache/models/*/_job.yaml",
        "cache/models/*/_metrics.jsonl",
        "cache/exports/*/config.json",
    ):
        before = written(workplace, pattern)
        process = workplace.start("run=base")
        assert kill_when(process, lambda path=pattern, old=before: written(workplace, path) - old), pattern
    workplace.run("run=base")
    assert workplace.tables("base") == finished.tables("base", rounds=1)
    ours, theirs = (
        place.path("base", "round_1", "4_model", "model.safetensors").read_bytes() for place in (workplace, finished)
    )
    assert ours == theirs


@pytest.mark.long  # of that kind "make campaign" has many more
def test_a_run_killed_at_any_moment_ends_with_the_same_tables(workplace, finished):
    moments = random.Random(7)
    for _ in range(3):
        process = workplace.start("run=base", fresh=True)
        until = time.monotonic() + moments.uniform(4.0, 12.0)
        kill_when(process, lambda until=until: time.monotonic() > until)
    workplace.run("run=base")
    assert workplace.tables("base") == finished.tables("base", rounds=1)


def test_sigterm_stops_cleanly_and_takes_the_training_along(workplace):
    process = workplace.start("run=base", "training.epochs=400")
    until = time.monotonic() + 120
    while not any(workplace.folder.glob("cache/models/*/_metrics.jsonl")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "run the same command again to resume" in output
    assert "Traceback" not in output


def test_a_finished_run_says_so_and_needs_no_cache(finished, tmp_path):
    shutil.copytree(finished.folder / "runs", tmp_path / "runs")
    finished_copy = type(finished)(tmp_path)
    output = finished_copy.run("run=base", "rounds=2", "logger=csv")
    assert "finished already" in output
    assert "round 1 generation" not in output
    assert not (tmp_path / "cache").exists()


def test_more_rounds_extend_a_finished_run(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "copy")
    place = type(finished)(tmp_path / "copy")
    shutil.rmtree(place.folder / "cache")
    before = place.tables("base")
    output = place.run("run=base", "rounds=3")
    after = place.tables("base")
    assert "round 3 generation" in output
    assert "round 1 generation" not in output
    assert "round 2 training" not in output
    assert {name: after[name] for name in before} == before
    summary = json.loads(place.path("base", "summary.json").read_text())
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2, 3]


@pytest.mark.parametrize("cache", [True, False])
def test_a_finished_run_that_was_damaged_by_hand_names_the_files_and_restores_them(finished, tmp_path, cache):
    place = type(finished)(tmp_path / "copy")
    shutil.copytree(finished.folder, place.folder)
    if not cache:
        shutil.rmtree(place.folder / "cache")
    damaged = ["round_1/1_candidates/part-00001.parquet", "round_2/5_evaluation.json", "summary.json"]
    damaged += ["export/model.safetensors", "round_1/5_replies/_done.json"] if cache else []
    for name in damaged:
        path = place.path("base", name)
        path.write_bytes(path.read_bytes()[: 0 if path.suffix == ".json" else -20])
    output = place.run("run=base", "rounds=2", "logger=csv")
    assert "is finished already" not in output
    [warning] = [line for line in output.splitlines() if line.startswith("warning: run base was finished, but")]
    assert all(name in warning for name in damaged)
    assert ("round 1 generation" in output) is not cache
    assert "round 1 training" not in output
    assert place.tables("base") == finished.tables("base")
    weights = [each.path("base", "export", "model.safetensors").read_bytes() for each in (place, finished)]
    assert weights[0] == weights[1]
    assert "is finished already" in place.run("run=base", "rounds=2", "logger=csv")


def test_stop_after_a_stage_and_go_on(workplace, finished):
    output = workplace.run("run=base", "stop_after=ranking")
    assert "stopped after ranking" in output
    assert sorted(path.name for path in workplace.path("base", "round_1").iterdir()) == ["1_candidates", "2_rankings"]
    workplace.run("run=base")
    assert workplace.tables("base") == finished.tables("base", rounds=1)


def test_another_config_under_the_same_name_is_refused(finished):
    before = finished.tables("base")
    output = finished.run("run=base", "rounds=2", "optimizer.lr=0.5", status=2)
    assert "optimizer.lr was 0.001, is 0.5" in output
    assert "Traceback" not in output
    assert finished.tables("base") == before


def test_keep_last_frees_the_other_rounds_and_can_still_be_extended(workplace, finished):
    shutil.copytree(finished.folder / "cache", workplace.folder / "cache")
    workplace.run("run=base", "rounds=2", "keep=last")
    weights = [workplace.path("base", f"round_{number}", "4_model", "model.safetensors").exists() for number in (1, 2)]
    assert weights == [False, True]
    assert workplace.path("base", "export", "model.safetensors").exists()
    workplace.run("run=base", "rounds=3", "keep=last")
    assert workplace.path("base", "round_3", "4_model", "model.safetensors").exists()


OTHER_PROCESSOR = """
import sys
from thoughtrank.models import hardware
here = hardware.multiplies_bf16
for module in list(sys.modules.values()):
    if getattr(module, "multiplies_bf16", None) is here:
        module.multiplies_bf16 = lambda: not here()
"""


def test_a_run_goes_on_on_another_kind_of_processor(workplace, finished):
    workplace.run("run=base", "stop_after=ranking")
    resolved = workplace.path("base", "resolved.yaml").read_bytes()
    (workplace.folder / "sitecustomize.py").write_text(OTHER_PROCESSOR)
    search_path = os.environ.get("PYTHONPATH", "")
    workplace.environment["PYTHONPATH"] = os.pathsep.join(each for each in (str(workplace.folder), search_path) if each)
    workplace.run("run=base")
    assert workplace.path("base", "resolved.yaml").read_bytes() == resolved
    ours, theirs = workplace.tables("base"), finished.tables("base", rounds=1)
    assert ours.keys() == theirs.keys()
    # Dtype, precision and the kernel of linear layers are those of the machine that started the run.
    assert ours == theirs
    # The same config resolves to something else there.
    workplace.run("run=elsewhere", "stop_after=generation")
    assert workplace.path("elsewhere", "resolved.yaml").read_bytes() != resolved
