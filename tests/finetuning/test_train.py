"""One training on one device, from the job to the model folder."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
from jobs import make_job, steps_logged, write_examples, write_job

from thoughtrank.errors import UserError
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.finetuning.train import run_training


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    return write_examples(tmp_path_factory.mktemp("examples"), 12)


def train_here(job: TrainingJob) -> list[dict]:
    """In this process, which is cheaper; returns the log."""
    run_training(job, strategy=AutoStrategy(accelerator="cpu"))
    return steps_logged(Path(job.work))


def test_training_lowers_the_loss_and_writes_a_bf16_folder(tiny_folder, examples, tmp_path):
    losses = [row["loss"] for row in train_here(make_job(tiny_folder, examples, tmp_path / "model", epochs=10))]
    assert len(losses) == 30
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert json.loads((tmp_path / "model" / "config.json").read_text())["dtype"] == "bfloat16"


def test_a_training_ends_with_its_parent_and_goes_on_from_its_checkpoint_to_the_same_weights(
    tiny_folder, examples, tmp_path
):
    train_here(make_job(tiny_folder, examples, tmp_path / "whole", epochs=10))
    path = write_job(tiny_folder, examples, tmp_path / "killed", epochs=10, checkpoint_minutes=1e-6)
    launcher = (
        "import os, subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-m', 'thoughtrank.finetuning', {str(path)!r}, str(os.getpid())]);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    log = tmp_path / "killed" / "_metrics.jsonl"
    until = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) >= 8) and time.monotonic() < until:
        time.sleep(0.005)
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    before = len(steps_logged(tmp_path / "killed"))
    assert 8 <= before < 30
    after = train_here(TrainingJob.read(path))[before:]
    assert after[0]["step"] > 1, "training began anew instead of going on"
    whole, killed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed"))
    assert whole == killed


def test_micro_batches_make_the_same_step_as_one_batch(tiny_folder, examples, tmp_path):
    one, several = (
        train_here(make_job(tiny_folder, examples, tmp_path / str(size), micro_batch_size=size)) for size in (4, 1)
    )
    for figure in ("loss", "gradient_norm"):
        assert [row[figure] for row in one] == pytest.approx([row[figure] for row in several], rel=1e-3)


class Watched(SupervisedFineTuning):
    """Notes before each micro-batch whether gradients wait."""

    waiting: ClassVar[list[bool]] = []

    def loss(self, *, model, batch):
        self.waiting.append(any(parameter.grad is not None for parameter in model.parameters()))
        return super().loss(model=model, batch=batch)


def test_no_gradient_is_kept_while_the_next_step_computes(tiny_folder, examples, tmp_path, monkeypatch):
    monkeypatch.setattr(Watched, "waiting", [])
    train_here(make_job(tiny_folder, examples, tmp_path / "model", objective={"_target_": f"{__name__}.Watched"}))
    # Two micro-batches to a step: the second adds to the first.
    assert Watched.waiting == [False, True] * 3


def test_every_step_tells_what_it_cost(tiny_folder, examples, tmp_path):
    rows = train_here(make_job(tiny_folder, examples, tmp_path / "model"))
    assert [row["examples"] for row in rows] == [4, 4, 4]
    for row in rows:
        assert row["gradient_norm"] > 0
        assert row["tokens_per_second"] > row["target_tokens_per_second"] > 0
        assert 0 < row["mfu"] < 1
        assert row["memory_gb"] > 0.1
        assert row["padding"] == 0


def test_the_peak_is_that_of_the_training_and_not_of_the_process_that_started_it():
    here = bytearray(2**30 + 2**29)
    program = "from thoughtrank.finetuning.callbacks.throughput import peak_resident; print(peak_resident())"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 2**26 < int(told.stdout) < len(here)


def test_a_training_that_goes_wrong_stops_and_names_its_questions(tiny_folder, examples, tmp_path):
    optimizer = {"_target_": "thoughtrank.finetuning.optimizers.AdamW", "lr": 1e30, "warmup_share": 0.0}
    with pytest.raises(UserError, match="training diverged in step 2"):
        train_here(make_job(tiny_folder, examples, tmp_path / "model", optimizer=optimizer))
    bad = json.loads((tmp_path / "model" / "_bad_step.json").read_text())
    assert len(bad["question_ids"]) == 4
    assert set(bad["question_ids"]) <= {f"q{number}" for number in range(12)}
    assert not (tmp_path / "model" / "model.safetensors").exists()
    assert len(steps_logged(tmp_path / "model")) == 1
