"""The real strategies on two processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from forked_rank import fork_ranks
from jobs import PART, steps_logged, write_examples, write_job
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.distributed import process_launcher
from thoughtrank.finetuning.distributed.process_launcher import LaunchConfig, run_ranks
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.optimizers.deepspeed_cpu_adam import DeepSpeedCPUAdam
from thoughtrank.finetuning.strategies import AutoStrategy, DDPStrategy, DeepSpeedStrategy, FSDPStrategy
from thoughtrank.finetuning.train import run_training
from thoughtrank.http_api.ports import free_port

LAUNCHER = (
    "import sys; from pathlib import Path;"
    "from thoughtrank.finetuning.distributed.process_launcher import LaunchConfig, run_ranks;"
    "run_ranks(Path(sys.argv[1]), launch=LaunchConfig(devices=2))"
)
STRATEGIES = {
    "ddp": {"_target_": f"{PART}.strategies.DDPStrategy"},
    "fsdp": {"_target_": f"{PART}.strategies.FSDPStrategy"},
    "zero1": {"_target_": f"{PART}.strategies.DeepSpeedStrategy", "stage": 1},
    "zero2": {"_target_": f"{PART}.strategies.DeepSpeedStrategy", "stage": 2},
    "zero3": {"_target_": f"{PART}.strategies.DeepSpeedStrategy", "stage": 3},
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    return write_examples(tmp_path_factory.mktemp("examples"), 40, uneven=True)


@pytest.fixture
def forked_ranks(fork_server, monkeypatch):
    """The ranks that a test starts itself are forked from a process that has imported what they import."""
    monkeypatch.setattr(process_launcher, "subprocess", process_launcher.subprocess)
    fork_ranks(str(fork_server))


def fifty_steps(model: Path, examples: Path, output: Path, **changes) -> Path:
    """A job of 50 steps, of two micro-batches on each of two processes."""
    return write_job(model, examples, output, **{"epochs": 5, "micro_batch_size": 1, "precision": "auto", **changes})


def on_two(name: str) -> dict:
    return {**STRATEGIES[name], "accelerator": "cpu", "devices": 2}


def curve(folder: Path) -> list[dict]:
    """The figures of every step; the later line of a step counts."""
    rows = {row["step"]: row for row in steps_logged(folder)}
    assert sorted(rows) == list(range(1, 51))
    return [rows[step] for step in sorted(rows)]


@pytest.fixture(scope="module")
def one_device(tiny_folder, examples, tmp_path_factory) -> list[dict]:
    folder = tmp_path_factory.mktemp("one")
    path = fifty_steps(tiny_folder, examples, folder, precision="32-true")
    run_training(TrainingJob.read(path), strategy=AutoStrategy(accelerator="cpu"))
    rows = curve(folder)
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]
    return rows


def assert_finished(folder: Path, name: str, expected: list[dict]) -> None:
    rounding = 1e-4 if name in ("ddp", "fsdp") else 0.02
    rows = curve(folder)
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in expected], rel=rounding)
    # The later norms are of weights that have gone apart by a rounding or two.
    assert rows[0]["gradient_norm"] == pytest.approx(expected[0]["gradient_norm"], rel=rounding)
    assert all(row["gradient_norm"] > 0 for row in rows)
    facts = json.loads((folder / "_training.json").read_text())
    assert facts["world_size"] == 2
    assert facts["strategy"] == STRATEGIES[name]["_target_"].rpartition(".")[2]
    assert facts["steps"] == 50
    assert not (folder / "_checkpoint").exists()
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    AutoTokenizer.from_pretrained(folder)


@pytest.mark.slow
@pytest.mark.usefixtures("forked_ranks")
@pytest.mark.parametrize("name", ["ddp", "fsdp", "zero1"])
def test_two_processes_have_the_loss_curve_of_one_device(name, one_device, tiny_folder, examples, tmp_path):
    precision = "auto" if name == "zero1" else "32-true"
    path = fifty_steps(tiny_folder, examples, tmp_path, strategy=on_two(name), precision=precision)
    run_ranks(path, launch=LaunchConfig(devices=2))
    assert_finished(tmp_path, name, one_device)


CPU_ADAM = {"_target_": f"{PART}.optimizers.deepspeed_cpu_adam.DeepSpeedCPUAdam", "lr": 1e-3}


@pytest.mark.long
@pytest.mark.skipif(bool(DeepSpeedCPUAdam(lr=1e-3).faults()), reason="it is compiled on first use")
def test_deepspeeds_own_adam_has_the_loss_curve_of_torchs(one_device, tiny_folder, examples, tmp_path):
    path = fifty_steps(tiny_folder, examples, tmp_path, strategy=on_two("zero2"), optimizer=CPU_ADAM)
    run_ranks(path, launch=LaunchConfig(devices=2))
    assert_finished(tmp_path, "zero2", one_device)


def children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def is_alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def newest_step(checkpoints: Path) -> int:
    complete = [path for path in checkpoints.glob("step-*") if not path.suffix]
    return max((int(path.name.removeprefix("step-")) for path in complete), default=0)


def kill_midway(path: Path) -> int:
    """Start a job, kill the process that started its ranks, and return how many steps were logged by then."""
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(path)])
    until = time.monotonic() + 120
    checkpoints = path.parent / "_checkpoint"
    while newest_step(checkpoints) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    ranks = children(launcher.pid)
    assert len(ranks) == 2
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    until = time.monotonic() + 60
    while any(map(is_alive, ranks)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, ranks)), "a rank outlived the process that started it"
    return left_midway(path)


class Abandoned(Exception):
    """As an interrupted run raises it while its ranks train."""


def abandon_midway(path: Path) -> int:
    """Start a job, abandon it, which kills its ranks, and return how many steps were logged by then."""

    def check():
        if newest_step(path.parent / "_checkpoint") >= 3:
            raise Abandoned

    with pytest.raises(Abandoned):
        run_ranks(path, launch=LaunchConfig(devices=2), check=check)
    return left_midway(path)


def left_midway(path: Path) -> int:
    """How many steps were logged. The job that is left makes no more checkpoints, which take longer than steps."""
    assert any((path.parent / "_checkpoint").glob("step-*/state/checkpoint/*rank_1*"))
    logged = len((path.parent / "_metrics.jsonl").read_text().splitlines())
    assert 3 <= logged < 50
    replace(TrainingJob.read(path), checkpoint_minutes=0.0).write(path)
    return logged


def assert_went_on(folder: Path, before: int) -> int:
    """Returns how many steps were left."""
    rest = steps_logged(folder)[before:]
    assert rest[0]["step"] > 3, "training restarted instead of resuming"
    return len(rest)


@pytest.mark.long  # the test of ZeRO-3 below resumes from one too, and so does the one with two machines
def test_a_killed_training_goes_on_from_its_divided_checkpoint(one_device, tiny_folder, examples, tmp_path):
    changes = {"strategy": on_two("zero2"), "checkpoint_minutes": 1e-6}
    path = fifty_steps(tiny_folder, examples, tmp_path, **changes)
    before = kill_midway(path)
    run_ranks(path, launch=LaunchConfig(devices=2))
    assert_went_on(tmp_path, before)
    assert_finished(tmp_path, "zero2", one_device)


def run_watched(path: Path, folder: Path) -> None:
    """Both ranks of a job with ``watched_training.py``, which writes to ``folder``."""
    rendezvous = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    program = str(Path(__file__).with_name("watched_training.py"))
    ranks = [
        subprocess.Popen(
            [sys.executable, program, str(path), str(folder)],
            env={**os.environ, **rendezvous, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in (0, 1)
    ]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]


@pytest.mark.slow
@pytest.mark.usefixtures("forked_ranks")
def test_zero3_never_loads_the_whole_model_gathers_its_head_once_per_step_and_saves_what_deepspeed_gathers(
    one_device, tiny_folder, examples, tmp_path
):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    sharded, output = tmp_path / "sharded", tmp_path / "model"
    model.save_pretrained(sharded, max_shard_size="64KB")
    AutoTokenizer.from_pretrained(tiny_folder).save_pretrained(sharded)
    num_files = len(list(sharded.glob("*.safetensors")))
    assert num_files > 2
    path = fifty_steps(sharded, examples, output, strategy=on_two("zero3"), checkpoint_minutes=1e-6)
    before = abandon_midway(path)
    run_watched(path, tmp_path)
    steps = assert_went_on(output, before)
    assert_finished(output, "zero3", one_device)
    first, second = (json.loads((tmp_path / f"seen-{rank}.json").read_text()) for rank in (0, 1))
    sizes = [parameter.numel() for parameter in model.parameters()]
    assert first["files"] == second["files"] == num_files
    assert first["most_files_open"] == second["most_files_open"] == 1
    assert (first["tensors_read"], second["tensors_read"]) == (len(sizes), 0)
    for seen in (first, second):
        assert seen["buffers"] == ["torch.float32"]
        # Its half, and the one tensor that is being distributed.
        assert seen["most_values_held"] <= sum(sizes) / 2 + max(sizes) + len(sizes) < sum(sizes)
        # Each of the two micro-batches of a step gathers a weight.
        assert seen["gathers"]["model.layers.0.mlp.up_proj.weight"] >= 2 * steps
        # The head, which is the embedding as well: after each step, and in the first one, after which DeepSpeed keeps it.
        assert seen["gathers"]["model.embed_tokens.weight"] <= steps + 3
    gathered = torch.load(tmp_path / "gathered.pt")
    saved = load_file(output / "model.safetensors")
    assert len(saved) == len(sizes)
    for name, tensor in saved.items():
        assert torch.equal(tensor, gathered[f"model.{name}"])
        assert not torch.equal(tensor, model.get_parameter(name)), f"{name} was not trained"


# Faults of the user, found by the ranks.


@pytest.mark.usefixtures("forked_ranks")
def test_a_full_disk_is_one_plain_fault(tiny_folder, examples, tmp_path, capfd):
    path = write_job(tiny_folder, examples, tmp_path / "model", batch_size=40, micro_batch_size=40)
    (tmp_path / "model" / "config.json").symlink_to("/dev/full")
    with pytest.raises(UserError) as caught:
        run_ranks(path, launch=LaunchConfig())
    assert "Traceback" not in capfd.readouterr().err
    [fault] = caught.value.faults
    assert "is full" in fault


# Faults of the user, found by preflight.


@pytest.mark.parametrize("made", [DDPStrategy, DeepSpeedStrategy, FSDPStrategy])
def test_cuda_where_there_is_none_is_a_fault(made):
    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    stage = {"stage": 2} if made is DeepSpeedStrategy else {}
    [fault] = made(**stage, accelerator="cuda").faults()
    assert "no CUDA device" in fault
    [fault] = made(**stage, devices=2).faults()
    assert "strategy.accelerator=cpu" in fault
    assert made(**stage, devices=2, accelerator="cpu").faults() == []


def test_fsdp_is_not_tried_on_the_cpu_unasked():
    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    [fault] = FSDPStrategy().faults()
    assert "strategy=fsdp needs CUDA" in fault
    assert FSDPStrategy(accelerator="cpu").faults() == []


def test_a_missing_deepspeed_is_a_fault(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [fault] = DeepSpeedStrategy(stage=2, accelerator="cpu").faults()
    assert "pip install deepspeed" in fault


def test_no_devices_are_a_fault():
    faults = DDPStrategy(devices=0, num_nodes=0, accelerator="cpu").faults()
    assert len(faults) == 2
