"""One training on one device, from the job to the model folder."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
import pytorch_lightning as pl
from jobs import make_job, steps_logged, train_here, write_examples, write_job
from lightning_fabric.plugins.environments import LightningEnvironment
from model_kinds import write_kind
from pytorch_lightning.utilities.exceptions import SIGTERMException

from thoughtrank.finetuning import train
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.kernels.heap_trimming import TrimHeap
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.strategies import AutoStrategy


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    return write_examples(tmp_path_factory.mktemp("examples"), 12)


def test_training_lowers_the_loss_and_writes_a_bf16_folder(tiny_folder, examples, tmp_path):
    losses = [row["loss"] for row in train_here(make_job(tiny_folder, examples, tmp_path / "model", epochs=10))]
    assert len(losses) == 30
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert json.loads((tmp_path / "model" / "config.json").read_text())["dtype"] == "bfloat16"


@pytest.mark.parametrize(("kind", "packing"), [("gemma3", True), ("bloom", False), ("mpt", False), ("mamba", False)])
def test_families_that_state_their_sizes_elsewhere_or_not_at_all_are_trained(
    kind, packing, tiny_folder, examples, tmp_path
):
    folder = write_kind(kind, tmp_path / "start", tokenizer=tiny_folder)
    rows = train_here(make_job(folder, examples, tmp_path / "model", packing=packing))
    assert [row["examples"] for row in rows] == [4, 4, 4]
    assert (tmp_path / "model" / "model.safetensors").exists()


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
    assert after[0]["step"] > 1, "training restarted instead of resuming"
    whole, killed = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "killed"))
    assert whole == killed


def test_a_rank_that_receives_sigterm_under_slurm_neither_requeues_the_job_nor_ends_as_a_success(
    tiny_folder, examples, tmp_path, monkeypatch
):
    for name, value in {"JOB_ID": "7", "JOB_NAME": "recipe", "NTASKS": "1", "PROCID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    environments = []

    def stopped(trainer, *arguments, **named):
        environments.append(trainer._accelerator_connector.cluster_environment)
        raise SIGTERMException

    monkeypatch.setattr(pl.Trainer, "fit", stopped)
    with pytest.raises(SystemExit) as left:
        train_here(make_job(tiny_folder, examples, tmp_path / "stopped"))
    assert left.value.code == 143
    # Lightning requeues from its signal handlers where it has found Slurm.
    assert [type(each) for each in environments] == [LightningEnvironment]
    assert not list((tmp_path / "stopped").glob("*.safetensors"))


def test_micro_batches_make_the_same_step_as_one_batch(tiny_folder, examples, tmp_path):
    one, *others = (
        train_here(make_job(tiny_folder, examples, tmp_path / str(number), **limits))
        for number, limits in enumerate(
            [{"micro_batch_size": 4}, {"micro_batch_size": 1}, {"micro_batch_size": 4, "micro_batch_tokens": 120}]
        )
    )
    for several in others:
        for figure in ("loss", "gradient_norm"):
            assert [row[figure] for row in one] == pytest.approx([row[figure] for row in several], rel=1e-3)


def test_a_last_step_with_fewer_micro_batches_skips_the_rest(tiny_folder, tmp_path, capfd):
    examples = write_examples(tmp_path / "examples", 6, uneven=True)
    one, several = (
        train_here(make_job(tiny_folder, examples, tmp_path / str(size), micro_batch_size=size)) for size in (4, 1)
    )
    assert [row["examples"] for row in several] == [4, 2]
    for figure in ("loss", "gradient_norm"):
        assert [row[figure] for row in several] == pytest.approx([row[figure] for row in one], rel=1e-3)
    assert "returned `None`" not in capfd.readouterr().err


def test_with_float32_weights_in_the_optimizer_micro_batches_add_up_in_float32(tiny_folder, tmp_path, monkeypatch):
    # As on CUDA.
    monkeypatch.setattr(train, "has_optimizer_masters", lambda **settings: True)
    examples = write_examples(tmp_path / "examples", 6, uneven=True)
    one, several = (
        train_here(make_job(tiny_folder, examples, tmp_path / str(size), micro_batch_size=size, precision="bf16-mixed"))
        for size in (4, 1)
    )
    for figure in ("loss", "gradient_norm"):
        assert [row[figure] for row in several] == pytest.approx([row[figure] for row in one], rel=1e-2)
    bytes_per_parameter = [
        json.loads((tmp_path / size / "_training.json").read_text())["bytes_per_parameter"] for size in ("4", "1")
    ]
    assert [each["gradients"] for each in bytes_per_parameter] == [2, 4]
    assert [each["total"] for each in bytes_per_parameter] == [16, 18]


@pytest.mark.parametrize(
    ("accelerator", "compiled", "trims"), [("cpu", False, True), ("cpu", True, False), ("cuda", False, False)]
)
def test_the_heap_is_trimmed_only_where_it_holds_the_tensors(
    tiny_folder, examples, tmp_path, accelerator, compiled, trims
):
    job = make_job(tiny_folder, examples, tmp_path, compile=compiled)
    callbacks = train._callbacks(job, None, strategy=AutoStrategy(accelerator=accelerator))
    assert any(isinstance(each, TrimHeap) for each in callbacks) == trims


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


@pytest.mark.long  # a whole process for an installation that few have
def test_an_mpi_installation_that_cannot_start_is_never_asked(tiny_folder, examples, tmp_path):
    """Importing ``mpi4py.MPI`` starts MPI, which ends the process where MPI is not set up."""
    site = tmp_path / "site"
    (site / "mpi4py").mkdir(parents=True)
    (site / "mpi4py" / "__init__.py").touch()
    (site / "mpi4py" / "MPI.py").write_text("import os\nos._exit(77)\n")
    (site / "mpi4py-4.0.0.dist-info").mkdir()
    (site / "mpi4py-4.0.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mpi4py\nVersion: 4.0.0\n")
    job = write_job(tiny_folder, examples, tmp_path / "model", epochs=1)
    command = [sys.executable, "-m", "thoughtrank.finetuning", str(job), str(os.getpid())]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.safetensors").exists()
