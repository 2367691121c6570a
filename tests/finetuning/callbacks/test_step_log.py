"""The rows and the end of real trainings of a tiny model."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest
from jobs import make_job, steps_logged, train_here, write_examples

from thoughtrank.errors import UserError
from thoughtrank.finetuning.callbacks.best_weights import BestWeights
from thoughtrank.finetuning.callbacks.checkpoint import Checkpoints


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    return write_examples(tmp_path_factory.mktemp("examples"), 12)


def test_every_step_tells_what_it_cost(tiny_folder, examples, tmp_path):
    rows = train_here(make_job(tiny_folder, examples, tmp_path / "model"))
    assert [row["examples"] for row in rows] == [4, 4, 4]
    for row in rows:
        assert row["gradient_norm"] > 0
        assert row["tokens_per_second"] > row["target_tokens_per_second"] > 0
        assert 0 < row["mfu"] < 1
        assert row["memory_gb"] > 0.1
        assert row["padding"] == 0


def test_what_follows_a_step_is_no_part_of_its_seconds(tiny_folder, examples, tmp_path, monkeypatch):
    measured, saved, clock, hour = BestWeights._loss, Checkpoints.save, time.perf_counter, 3600.0
    later = []
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + hour * len(later))

    def taking_an_hour(function):
        def called(*arguments):
            later.append(function)
            return function(*arguments)

        return called

    monkeypatch.setattr(BestWeights, "_loss", taking_an_hour(measured))
    monkeypatch.setattr(Checkpoints, "save", taking_an_hour(saved))
    job = make_job(
        tiny_folder, examples, tmp_path / "model", epochs=2, development=str(examples), checkpoint_minutes=1e-6
    )
    rows = train_here(job)
    assert [later.count(each) for each in (measured, saved)] == [2, 6]
    assert all(row["seconds"] < hour for row in rows)


def test_a_training_that_goes_wrong_stops_and_names_its_questions(tiny_folder, examples, tmp_path):
    optimizer = {"_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW", "lr": 1e30, "warmup_share": 0.0}
    with pytest.raises(UserError, match="training diverged in step 2"):
        train_here(make_job(tiny_folder, examples, tmp_path / "model", optimizer=optimizer))
    bad = json.loads((tmp_path / "model" / "_bad_step.json").read_text())
    assert len(bad["question_ids"]) == 4
    assert set(bad["question_ids"]) <= {f"q{number}" for number in range(12)}
    assert not (tmp_path / "model" / "model.safetensors").exists()
    assert len(steps_logged(tmp_path / "model")) == 1


def test_a_step_whose_questions_weigh_more_than_others_is_no_divergence(tiny_folder, tmp_path):
    once, twice = (write_examples(tmp_path / str(number), number) for number in (1, 2))
    job = make_job(
        tiny_folder,
        twice,
        tmp_path / "model",
        objective={"_target_": "thoughtrank.finetuning.objectives.SupervisedFineTuning", "question_weights": "equal"},
        optimizer={"_target_": "thoughtrank.finetuning.optimizers.adamw.AdamW", "lr": 1e-5},
        batch_size=1,
        micro_batch_size=1,
    )
    job = replace(job, examples=(*[str(once)] * 8, str(twice)))
    losses = [row["loss"] for row in train_here(job)]
    assert len(losses) == 10
    vocabulary = json.loads((tiny_folder / "config.json").read_text())["vocab_size"]
    assert max(losses) > 2 * math.log(vocabulary)


def test_only_every_nth_step_is_logged(tiny_folder, examples, tmp_path):
    rows = train_here(make_job(tiny_folder, examples, tmp_path / "model", epochs=2, log_every=4))
    assert [row["step"] for row in rows] == [4]
    assert rows[0]["lr"] > 0


def test_a_line_that_a_full_disk_tore_is_cut_off_when_training_goes_on(tiny_folder, examples, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "_metrics.jsonl").write_text('{"step": 1, "loss": 9.0}\n{"step": 2, "lo')
    rows = train_here(make_job(tiny_folder, examples, folder))
    assert rows[0] == {"step": 1, "loss": 9.0}
    assert [row["step"] for row in rows] == [1, 1, 2, 3]
