"""Early stopping in real small trainings: the weights that are written are those of the best epoch."""

import json
from pathlib import Path

import pytest
import torch
from jobs import PART, make_job, steps_logged, train_here, write_examples
from safetensors.torch import load_file

from thoughtrank.finetuning.module import FineTuningModule
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

LORA = {"_target_": f"{PART}.adapters.Lora", "rank": 4, "dropout": 0.0}
DIVERGING = {"_target_": f"{PART}.optimizers.AdamW", "lr": 3e-2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Examples, and development examples that training on them makes unlikely."""
    examples = write_examples(tmp_path_factory.mktemp("examples"), 8)
    development = tmp_path_factory.mktemp("development")
    rows = [Example(f"q{each}", f"q{each}-000", f"What is {each}?", "~ZX%{Q}~") for each in range(3)]
    write_part(development / "part-00000.parquet", rows, record_type=Example)
    return str(examples), str(development)


def trained(model, folders, output, **changes):
    """The facts of a training with early stopping, two steps per epoch."""
    job = make_job(model, Path(folders[0]), output, development=folders[1], **{"steps": 8, **changes})
    train_here(job)
    return json.loads((output / "_training.json").read_text())


def weights(output):
    return load_file(output / "model.safetensors")


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_the_loss_is_measured_after_every_epoch(tiny_folder, folders, tmp_path):
    facts = trained(tiny_folder, folders, tmp_path / "model")
    losses = facts["development_losses"]
    assert list(losses) == ["2", "4", "6", "8"]
    assert min(losses, key=losses.get) == str(facts["kept_step"])


def test_an_epoch_that_does_not_end_with_a_step_ends_with_the_step_that_completes_it(tiny_folder, folders, tmp_path):
    facts = trained(tiny_folder, folders, tmp_path / "model", batch_size=3, micro_batch_size=3, steps=7)
    assert list(facts["development_losses"]) == ["3", "6", "7"]
    assert facts["steps"] == 7


@pytest.mark.parametrize("adapter", [{"_target_": f"{PART}.adapters.NoAdapter"}, LORA])
def test_the_weights_of_the_best_epoch_are_written(tiny_folder, folders, tmp_path, adapter):
    changes = {"optimizer": DIVERGING, "adapter": adapter}
    facts = trained(tiny_folder, folders, tmp_path / "model", **changes)
    kept = facts["kept_step"]
    assert kept < 8, "the training has to get worse for this test"
    last = make_job(tiny_folder, Path(folders[0]), tmp_path / "last", steps=8, **changes)
    train_here(last)
    assert not same(weights(tmp_path / "model"), weights(tmp_path / "last"))
    losses = facts["development_losses"]
    assert losses[str(kept)] == min(losses.values()) < losses["8"]


def test_without_development_examples_the_last_weights_are_written(tiny_folder, folders, tmp_path):
    train_here(make_job(tiny_folder, Path(folders[0]), tmp_path / "model", steps=5))
    facts = json.loads((tmp_path / "model" / "_training.json").read_text())
    assert facts["steps"] == 5
    assert "development_losses" not in facts


def test_a_training_that_stopped_resumes_with_what_it_remembered(tiny_folder, folders, tmp_path, monkeypatch):
    changes = {"optimizer": DIVERGING, "checkpoint_minutes": 1e-6}
    whole = trained(tiny_folder, folders, tmp_path / "whole", **changes)
    original, calls = FineTuningModule.training_step, []

    def crash(self, batch, batch_index):
        calls.append(batch_index)
        if len(calls) == 14:
            raise MemoryError
        return original(self, batch, batch_index)

    with monkeypatch.context() as patched:
        patched.setattr(FineTuningModule, "training_step", crash)
        with pytest.raises(MemoryError):
            trained(tiny_folder, folders, tmp_path / "stopped", **changes)
    resumed = trained(tiny_folder, folders, tmp_path / "stopped", **changes)
    assert len({row["step"] for row in steps_logged(tmp_path / "stopped")}) == 8
    assert {name: resumed[name] for name in ("kept_step", "development_losses")} == {
        name: whole[name] for name in ("kept_step", "development_losses")
    }
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))
