"""Every component: a training that is stopped midway and resumed ends with the same weights.

In this process, which is cheap; test_train.py kills a real one.
"""

import json

import pytest
import torch
from jobs import PART, make_job, steps_logged, write_examples
from safetensors.torch import load_file

from thoughtrank.errors import UserError
from thoughtrank.finetuning import train as training
from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.finetuning.strategies import AutoStrategy
from thoughtrank.finetuning.train import run_training

LORA = {"_target_": f"{PART}.adapters.Lora", "rank": 4, "dropout": 0.0}


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return write_examples(tmp_path_factory.mktemp("examples"), 8)


def job(model, examples, output, **changes):
    optimizer = {"_target_": f"{PART}.optimizers.adamw.AdamW", "lr": 1e-3, "weight_decay": 0.1}
    usual = {"optimizer": optimizer, "epochs": 4, "checkpoint_minutes": 1e-6, "precision": "auto"}
    return make_job(model, examples, output, **{**usual, **changes})


def train(job):
    run_training(job, strategy=AutoStrategy(accelerator="cpu"))


def steps(output):
    return [row["step"] for row in steps_logged(output)]


def stop_in_step(step, monkeypatch, micro_batches=2):
    """Let the training end like a crash in the middle of an optimizer step."""
    original, calls = FineTuningModule.training_step, []

    def crash(self, batch, batch_index):
        calls.append(batch_index)
        if len(calls) == (step - 1) * micro_batches + 2:
            raise MemoryError
        return original(self, batch, batch_index)

    monkeypatch.setattr(FineTuningModule, "training_step", crash)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="adamw"),
        pytest.param({"weights": "bf16_kahan"}, id="kahan"),
        pytest.param({"optimizer": {"_target_": f"{PART}.optimizers.adafactor.Adafactor", "lr": 1e-2}}, id="adafactor"),
        pytest.param({"optimizer": {"_target_": f"{PART}.optimizers.muon.Muon", "lr": 1e-3}}, id="muon"),
        pytest.param({"precision": "bf16-mixed"}, id="masters"),
        pytest.param({"adapter": LORA}, id="lora"),
        pytest.param({"adapter": LORA, "precision": "bf16-mixed"}, id="lora-bf16"),
    ],
)
def test_a_training_that_stopped_goes_on_to_the_same_weights(
    tiny_folder, examples, tmp_path, monkeypatch, changes, request
):
    # As on CUDA.
    masters = "masters" in request.node.callspec.id
    monkeypatch.setattr(training, "has_optimizer_masters", lambda **settings: masters)
    train(job(tiny_folder, examples, tmp_path / "whole", **changes))
    stopped = job(tiny_folder, examples, tmp_path / "stopped", **changes)
    with monkeypatch.context() as patched:
        stop_in_step(5, patched)
        with pytest.raises(MemoryError):
            train(stopped)
    assert steps(tmp_path / "stopped") == [1, 2, 3, 4]
    train(stopped)
    assert steps(tmp_path / "stopped")[4:] == [5, 6, 7, 8]
    start, whole, resumed = (
        load_file(folder / "model.safetensors") for folder in (tiny_folder, tmp_path / "whole", tmp_path / "stopped")
    )
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert any(not torch.equal(whole[name], start[name]) for name in whole)


@pytest.mark.parametrize("size", [1, 4])
def test_a_training_may_be_resumed_with_another_number_of_micro_batches_per_step(
    tiny_folder, examples, tmp_path, monkeypatch, size
):
    train(job(tiny_folder, examples, tmp_path / "whole", precision="32-true"))
    with monkeypatch.context() as patched:
        stop_in_step(4, patched)
        with pytest.raises(MemoryError):
            train(job(tiny_folder, examples, tmp_path / "stopped", precision="32-true"))
    train(job(tiny_folder, examples, tmp_path / "stopped", precision="32-true", micro_batch_size=size))
    whole, resumed = (steps_logged(tmp_path / name) for name in ("whole", "stopped"))
    assert [row["step"] for row in resumed] == [row["step"] for row in whole] == list(range(1, 9))
    assert [row["loss"] for row in resumed] == pytest.approx([row["loss"] for row in whole], rel=1e-4)


@pytest.mark.parametrize(("weights", "total"), [("fp32_master", 16), ("bf16_kahan", 10), ("bf16", 8)])
def test_every_setting_trains_under_bf16_arithmetic_and_tells_its_bytes(
    tiny_folder, examples, tmp_path, capsys, weights, total
):
    output = tmp_path / "model"
    train(job(tiny_folder, examples, output, weights=weights, precision="bf16-mixed", epochs=2))
    losses = [row["loss"] for row in steps_logged(output)]
    assert losses[-1] < losses[0]
    facts = json.loads((output / "_training.json").read_text())
    assert facts["weights"] == weights
    assert facts["bytes_per_parameter"]["total"] == total
    assert f"weights {weights}: {total} bytes per parameter" in capsys.readouterr().out


class _Code:
    """Unpickled, it runs a function: what a foreign checkpoint could contain."""

    def __reduce__(self):
        return (print, ("the checkpoint's code runs",))


def test_a_checkpoint_that_contains_code_is_refused_and_the_code_does_not_run(
    tiny_folder, examples, tmp_path, monkeypatch, capsys
):
    stopped = job(tiny_folder, examples, tmp_path)
    with monkeypatch.context() as patched:
        stop_in_step(3, patched)
        with pytest.raises(MemoryError):
            train(stopped)
    [state] = (tmp_path / "_checkpoint").glob("step-*/state")
    torch.save({**torch.load(state, weights_only=True), "extra": _Code()}, state)
    (state.parent / "sizes.json").unlink()  # whoever plants a file can do without the list
    with pytest.raises(UserError, match="contains code: delete"):
        train(stopped)
    assert "code runs" not in capsys.readouterr().out
