"""The training process, started as the pipeline starts it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.records import Example
from thoughtrank.tables import write_part


@pytest.fixture
def examples(tmp_path) -> Path:
    folder = tmp_path / "examples"
    folder.mkdir()
    rows = [
        Example(
            question_id=f"q{number}",
            candidate_id=f"q{number}-000",
            prompt=f"<|im_start|>user\nWhat is {number} + 1?<|im_end|>\n<|im_start|>assistant\n",
            completion=f"<thought>a {number} and 1</thought>{number + 1}<|im_end|>",
        )
        for number in range(12)
    ]
    write_part(folder / "part-00000.parquet", rows, record_type=Example)
    return folder


def job(model: Path, examples: Path, output: Path, **changes) -> Path:
    output.mkdir()
    values = {
        "model": str(model),
        "examples": (str(examples),),
        "output": str(output),
        "work": str(output),
        "objective": {"_target_": "thoughtrank.finetuning.objectives.SupervisedFineTuning"},
        "optimizer": {"_target_": "thoughtrank.finetuning.optimizers.AdamW", "lr": 1e-3},
        "adapter": {"_target_": "thoughtrank.finetuning.adapters.NoAdapter"},
        "strategy": {"_target_": "thoughtrank.finetuning.strategies.AutoStrategy", "accelerator": "cpu"},
        "weights": "fp32_master",
        "epochs": 10,
        "batch_size": 4,
        "micro_batch_size": 2,
        "shuffle": "examples",
        "packing": True,
        "gradient_checkpointing": False,
        "compile": False,
        "max_gradient_norm": 1.0,
        "precision": "32-true",
        "checkpoint_minutes": 0.0,
        "seed": 1,
        "log_every": 1,
        "description": "training",
    }
    TrainingJob(**{**values, **changes}).write(output / "_job.yaml")
    return output / "_job.yaml"


def start(path: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "thoughtrank.finetuning", str(path), str(os.getpid())]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def train(path: Path) -> None:
    process = start(path)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def steps_logged(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "_metrics.jsonl").read_text().splitlines()]


def test_training_lowers_the_loss_and_writes_a_bf16_folder(tiny_folder, examples, tmp_path):
    train(job(tiny_folder, examples, tmp_path / "model"))
    losses = [json.loads(line)["loss"] for line in (tmp_path / "model" / "_metrics.jsonl").read_text().splitlines()]
    assert len(losses) == 30
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert json.loads((tmp_path / "model" / "config.json").read_text())["dtype"] == "bfloat16"


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_weights(tiny_folder, examples, tmp_path):
    train(job(tiny_folder, examples, tmp_path / "whole"))
    path = job(tiny_folder, examples, tmp_path / "killed", checkpoint_minutes=1e-6)
    process = start(path)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        log = tmp_path / "killed" / "_metrics.jsonl"
        if log.exists() and len(log.read_text().splitlines()) >= 8:
            break
        time.sleep(0.005)
    process.kill()
    process.communicate()
    before = steps_logged(tmp_path / "killed")
    assert 8 <= len(before) < 30
    train(path)
    after = steps_logged(tmp_path / "killed")[len(before) :]
    assert after[0] > 1, "training began anew instead of going on"
    whole, killed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed"))
    assert whole == killed


@pytest.mark.slow
def test_micro_batches_make_the_same_step_as_one_batch(tiny_folder, examples, tmp_path):
    for name, size in (("one", 4), ("several", 1)):
        train(job(tiny_folder, examples, tmp_path / name, micro_batch_size=size, epochs=1))
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / name / "_metrics.jsonl").read_text().splitlines()]
        for name in ("one", "several")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_the_training_ends_when_its_parent_is_gone(tiny_folder, examples, tmp_path):
    path = job(tiny_folder, examples, tmp_path / "orphan", epochs=100_000)
    launcher = (
        "import os, subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-m', 'thoughtrank.finetuning', {str(path)!r}, str(os.getpid())]);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    until = time.monotonic() + 120
    while not (tmp_path / "orphan" / "_metrics.jsonl").exists() and time.monotonic() < until:
        time.sleep(0.05)
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_every_step_tells_what_it_cost(tiny_folder, examples, tmp_path):
    train(job(tiny_folder, examples, tmp_path / "model", epochs=1))
    rows = [json.loads(line) for line in (tmp_path / "model" / "_metrics.jsonl").read_text().splitlines()]
    assert [row["examples"] for row in rows] == [4, 4, 4]
    for row in rows:
        assert row["gradient_norm"] > 0
        assert row["tokens_per_second"] > row["target_tokens_per_second"] > 0
        assert 0 < row["mfu"] < 1
        assert row["memory_gb"] > 0.1
        assert row["padding"] == 0


def test_a_training_that_goes_wrong_stops_and_names_its_questions(tiny_folder, examples, tmp_path):
    optimizer = {"_target_": "thoughtrank.finetuning.optimizers.AdamW", "lr": 1e30, "warmup_share": 0.0}
    process = start(job(tiny_folder, examples, tmp_path / "model", optimizer=optimizer))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "training went wrong in step 2" in errors
    assert "Traceback" not in errors
    bad = json.loads((tmp_path / "model" / "_bad_step.json").read_text())
    assert len(bad["question_ids"]) == 4
    assert set(bad["question_ids"]) <= {f"q{number}" for number in range(12)}
    assert not (tmp_path / "model" / "model.safetensors").exists()
    assert len(steps_logged(tmp_path / "model")) == 1
