"""The summary of a training, written by a real one."""

import json
from pathlib import Path

import pytest
from jobs import PART, make_job, train_here, write_examples


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return write_examples(tmp_path_factory.mktemp("examples"), 6)


def facts_of(job):
    train_here(job)
    return json.loads((Path(job.work) / "_training.json").read_text())


def test_the_facts_say_what_was_trained_on_what_and_how(tiny_folder, examples, tmp_path):
    settings = {"epochs": 2, "micro_batch_tokens": 300, "gradient_checkpointing": True}
    found = facts_of(make_job(tiny_folder, examples, tmp_path / "model", **settings))
    expected = {"examples": 6, "examples_too_long": [], "epochs": 2, "steps": 3, "effective_batch_size": 4}
    expected |= {"micro_batch_tokens": 300, "gradient_checkpointing": True}
    expected |= {"adapter": "NoAdapter", "strategy": "AutoStrategy", "strategy_of_lightning": "SingleDeviceStrategy"}
    expected |= {"precision": "32-true", "saved_dtype": "bfloat16", "world_size": 1, "num_nodes": 1}
    assert {name: found[name] for name in expected} == expected
    assert found["tokens_per_epoch"] > found["target_tokens_per_epoch"] > 0
    assert found["seconds"] > 0


def test_bf16_weights_are_reported_as_what_they_compute_in(tiny_folder, examples, tmp_path):
    changes = {"weights": "bf16", "precision": "auto", "adapter": {"_target_": f"{PART}.adapters.Lora", "rank": 2}}
    found = facts_of(make_job(tiny_folder, examples, tmp_path / "model", **changes))
    assert (found["precision"], found["adapter"], found["weights"]) == ("bf16-true", "Lora", "bf16")
    assert found["frozen_bytes"] > 0
