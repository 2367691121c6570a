"""The real strategies on two processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.job import TrainingJob
from thoughtrank.finetuning.launch import Group, free_port, run_ranks
from thoughtrank.finetuning.strategies import DDPStrategy, DeepSpeedStrategy
from thoughtrank.records import Example
from thoughtrank.tables import write_part

LAUNCHER = (
    "import sys; from pathlib import Path; from thoughtrank.finetuning.launch import Group, run_ranks;"
    "run_ranks(Path(sys.argv[1]), group=Group(devices=2))"
)
STRATEGIES = {
    "ddp": {"_target_": "thoughtrank.finetuning.strategies.DDPStrategy"},
    "zero1": {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 1},
    "zero2": {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 2},
    "zero3": {"_target_": "thoughtrank.finetuning.strategies.DeepSpeedStrategy", "stage": 3},
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    rows = [
        Example(
            question_id=f"q{number}",
            candidate_id=f"q{number}-000",
            prompt=f"<|im_start|>user\nWhat is {number} + 1?<|im_end|>\n<|im_start|>assistant\n",
            completion=f"<thought>a {number} and 1</thought>{'so ' * (number % 5)}{number + 1}<|im_end|>",
        )
        for number in range(40)
    ]
    write_part(folder / "part-00000.parquet", rows, record_type=Example)
    return folder


def write_job(model: Path, examples: Path, output: Path, **changes) -> Path:
    """A job of 50 steps, of two micro-batches on each of two processes."""
    output.mkdir(exist_ok=True)
    values = {
        "model": str(model),
        "examples": (str(examples),),
        "output": str(output),
        "work": str(output),
        "objective": {"_target_": "thoughtrank.finetuning.objectives.SupervisedFineTuning"},
        "optimizer": {"_target_": "thoughtrank.finetuning.optimizers.AdamW", "lr": 1e-3},
        "strategy": {"_target_": "thoughtrank.finetuning.strategies.AutoStrategy", "accelerator": "cpu"},
        "adapter": {"_target_": "thoughtrank.finetuning.adapters.NoAdapter"},
        "weights": "fp32_master",
        "shuffle": "examples",
        "packing": True,
        "gradient_checkpointing": False,
        "compile": False,
        "epochs": 5,
        "batch_size": 4,
        "micro_batch_size": 1,
        "max_gradient_norm": 1.0,
        "precision": "auto",
        "checkpoint_minutes": 0.0,
        "seed": 1,
        "log_every": 1,
        "description": "training",
    }
    TrainingJob(**{**values, **changes}).write(output / "_job.yaml")
    return output / "_job.yaml"


def on_two(name: str) -> dict:
    return {**STRATEGIES[name], "accelerator": "cpu", "devices": 2}


def curve(folder: Path) -> list[float]:
    """The loss of every step; the later line of a step counts."""
    rows = [json.loads(line) for line in (folder / "_metrics.jsonl").read_text().splitlines()]
    losses = {row["step"]: row["loss"] for row in rows}
    assert sorted(losses) == list(range(1, 51))
    return [losses[step] for step in sorted(losses)]


@pytest.fixture(scope="module")
def one_device(tiny_folder, examples, tmp_path_factory) -> list[float]:
    folder = tmp_path_factory.mktemp("one")
    run_ranks(write_job(tiny_folder, examples, folder, precision="32-true"), group=Group())
    losses = curve(folder)
    assert losses[-1] < 0.5 * losses[0]
    return losses


def assert_finished(folder: Path, name: str, expected: list[float]) -> None:
    rounding = 1e-4 if name == "ddp" else 0.02
    assert curve(folder) == pytest.approx(expected, rel=rounding)
    facts = json.loads((folder / "_training.json").read_text())
    assert facts["world_size"] == 2
    assert facts["strategy"] == STRATEGIES[name]["_target_"].rpartition(".")[2]
    assert facts["steps"] == 50
    assert not (folder / "_checkpoint").exists()
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    AutoTokenizer.from_pretrained(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddp", "zero1"])
def test_two_processes_have_the_loss_curve_of_one_device(name, one_device, tiny_folder, examples, tmp_path):
    precision = "32-true" if name == "ddp" else "auto"
    path = write_job(tiny_folder, examples, tmp_path, strategy=on_two(name), precision=precision)
    run_ranks(path, group=Group(devices=2))
    assert_finished(tmp_path, name, one_device)


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


def kill_midway(path: Path) -> int:
    """Start a job, kill the process that started its ranks, and return how many steps were logged by then."""
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(path)])
    until = time.monotonic() + 120
    log = path.parent / "_metrics.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) >= 13) and time.monotonic() < until:
        time.sleep(0.005)
    ranks = children(launcher.pid)
    assert len(ranks) == 2
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    until = time.monotonic() + 10
    while any(map(is_alive, ranks)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, ranks)), "a rank outlived the process that started it"
    assert any((path.parent / "_checkpoint").glob("step-*/state/checkpoint/*rank_1*"))
    logged = len(log.read_text().splitlines())
    assert 13 <= logged < 50
    return logged


def assert_went_on(folder: Path, before: int) -> None:
    rest = [json.loads(line)["step"] for line in (folder / "_metrics.jsonl").read_text().splitlines()[before:]]
    assert rest[0] > 10, "training began anew instead of going on"


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_divided_checkpoint(one_device, tiny_folder, examples, tmp_path):
    changes = {"strategy": on_two("zero2"), "checkpoint_minutes": 1e-6}
    path = write_job(tiny_folder, examples, tmp_path, **changes)
    before = kill_midway(path)
    run_ranks(path, group=Group(devices=2))
    assert_went_on(tmp_path, before)
    assert_finished(tmp_path, "zero2", one_device)


def run_watched(path: Path, folder: Path) -> None:
    """Both ranks of a job with ``watched_training.py``, which writes to ``folder``."""
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    program = str(Path(__file__).with_name("watched_training.py"))
    ranks = [
        subprocess.Popen(
            [sys.executable, program, str(path), str(folder)],
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in (0, 1)
    ]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]


@pytest.mark.slow
def test_zero3_never_holds_the_whole_model_in_one_process_and_saves_what_deepspeed_gathers(
    one_device, tiny_folder, examples, tmp_path
):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    sharded, output = tmp_path / "sharded", tmp_path / "model"
    model.save_pretrained(sharded, max_shard_size="64KB")
    AutoTokenizer.from_pretrained(tiny_folder).save_pretrained(sharded)
    num_files = len(list(sharded.glob("*.safetensors")))
    assert num_files > 2
    path = write_job(sharded, examples, output, strategy=on_two("zero3"), checkpoint_minutes=1e-6)
    before = kill_midway(path)
    run_watched(path, tmp_path)
    assert_went_on(output, before)
    assert_finished(output, "zero3", one_device)
    first, second = (json.loads((tmp_path / f"loading-{rank}.json").read_text()) for rank in (0, 1))
    sizes = [parameter.numel() for parameter in model.parameters()]
    assert first["files"] == second["files"] == num_files
    assert first["most_files_open"] == second["most_files_open"] == 1
    assert (first["tensors_read"], second["tensors_read"]) == (len(sizes), 0)
    for seen in (first, second):
        assert seen["buffers"] == ["torch.float32"]
        # Its half, and the one tensor that is being handed out.
        assert seen["most_values_held"] <= sum(sizes) / 2 + max(sizes) + len(sizes) < sum(sizes)
    gathered = torch.load(tmp_path / "gathered.pt")
    saved = load_file(output / "model.safetensors")
    assert len(saved) == len(sizes)
    for name, tensor in saved.items():
        assert torch.equal(tensor, gathered[f"model.{name}"])
        assert not torch.equal(tensor, model.get_parameter(name)), f"{name} was not trained"


# Faults of the user, found by the ranks.


def one_fault(path: Path, capfd, **group) -> str:
    with pytest.raises(UserError) as caught:
        run_ranks(path, group=Group(**group))
    assert "Traceback" not in capfd.readouterr().err
    [fault] = caught.value.faults
    return fault


def test_no_examples_are_one_plain_fault(tiny_folder, tmp_path, capfd):
    (tmp_path / "examples").mkdir()
    write_part(tmp_path / "examples" / "part-00000.parquet", [], record_type=Example)
    path = write_job(tiny_folder, tmp_path / "examples", tmp_path / "model")
    assert "nothing to train on" in one_fault(path, capfd)


def test_a_full_disk_is_one_plain_fault(tiny_folder, examples, tmp_path, capfd):
    path = write_job(tiny_folder, examples, tmp_path / "model", epochs=1)
    (tmp_path / "model" / "config.json").symlink_to("/dev/full")
    assert "is full" in one_fault(path, capfd)


# Faults of the user, found by preflight.


@pytest.mark.parametrize("made", [DDPStrategy, DeepSpeedStrategy])
def test_cuda_where_there_is_none_is_a_fault(made):
    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    stage = {"stage": 2} if made is DeepSpeedStrategy else {}
    [fault] = made(**stage, accelerator="cuda").faults()
    assert "no CUDA device" in fault
    [fault] = made(**stage, devices=2).faults()
    assert "strategy.accelerator=cpu" in fault
    assert made(**stage, devices=2, accelerator="cpu").faults() == []


def test_a_missing_deepspeed_is_a_fault(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [fault] = DeepSpeedStrategy(stage=2, accelerator="cpu").faults()
    assert "pip install deepspeed" in fault


def test_no_devices_are_a_fault():
    faults = DDPStrategy(devices=0, num_nodes=0, accelerator="cpu").faults()
    assert len(faults) == 2
