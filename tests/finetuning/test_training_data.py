import json
import shutil
from dataclasses import replace

import pytest
from jobs import make_job, write_examples
from transformers import AutoTokenizer

from thoughtrank.finetuning.training_data import load_training_data


@pytest.fixture
def job(tiny_folder, tmp_path):
    examples = write_examples(tmp_path / "examples", 10)
    return make_job(tiny_folder, examples, tmp_path / "out", batch_size=4, micro_batch_size=8)


def load(job, **place):
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    return load_training_data(job, tokenizer=tokenizer, **{"rank": 0, "world_size": 1, **place})


def ids(data):
    return [question_id for batch in data.loader for question_id in batch.question_ids]


def test_every_example_is_trained_on_once_per_epoch(job):
    data = load(replace(job, epochs=2))
    assert data.epochs == 2
    assert sorted(ids(data)) == sorted([f"q{number}" for number in range(10)] * 2)


def test_small_datasets_are_repeated_for_extra_epochs(job):
    assert load(replace(job, min_steps=7)).epochs == 3


def test_an_exact_number_of_steps_repeats_the_examples_and_cuts_the_last_epoch(job):
    data = load(replace(job, steps=4, epochs=9, min_steps=9))
    assert (data.epochs, len(data.loader) // data.loader.accumulation) == (2, 4)
    assert len(ids(data)) == 16
    assert set(ids(data)) == {f"q{number}" for number in range(10)}
    assert data.epoch_ends == {3, 4}


def test_questions_weigh_the_same_where_the_objective_wants_it_and_nothing_else_changes(job, tmp_path):
    again = write_examples(tmp_path / "again", 3)
    job = replace(job, examples=(*job.examples, str(again)))
    equal = replace(job, objective={**job.objective, "question_weights": "equal"})
    plain, weighted = load(job), load(equal)
    assert ids(plain) == ids(weighted)
    assert all(batch.target_weights is None for batch in plain.loader)
    total = {}
    for example in weighted.examples.used:
        total[example.question_id] = total.get(example.question_id, 0) + example.weight
    assert len(total) == 10
    assert list(total.values()) == pytest.approx([total["q9"]] * 10)
    # 13 examples of nearly equal length.
    assert sum(total.values()) == pytest.approx(13, rel=0.05)
    weights = [batch.target_weights for batch in weighted.loader]
    assert sum(map(float, map(sum, weights))) == pytest.approx(sum(map(len, weights)), rel=1e-5)


def test_every_rank_has_all_development_examples_with_weights_that_add_up_to_one(job, tmp_path):
    development = write_examples(tmp_path / "development", 5, uneven=True)
    for rank in (0, 1):
        loader = load(
            replace(job, development=str(development), micro_batch_size=2), rank=rank, world_size=2
        ).development
        assert sum(batch.loss_weight for batch in loader) == pytest.approx(1.0)
        assert sorted(each for batch in loader for each in batch.question_ids) == [f"q{number}" for number in range(5)]
    assert load(job).development is None


def test_the_ranks_share_every_batch(job):
    ranks = [load(job, rank=rank, world_size=2) for rank in (0, 1)]
    trained = [
        {question_id for batch in data.loader if batch.loss_weight for question_id in batch.question_ids}
        for data in ranks
    ]
    assert trained[0] | trained[1] == {f"q{number}" for number in range(10)}
    assert not trained[0] & trained[1]
    # Without another limit, a micro-batch holds a rank's whole part of the batch.
    assert [data.loader.accumulation for data in ranks] == [1, 1]


def test_examples_that_are_too_long_are_named_by_rank_0_alone(job, tmp_path, capsys):
    job = replace(job, examples=(str(write_examples(tmp_path / "uneven", 10, uneven=True)),))
    context = max(len(example.token_ids) for example in load(job).examples.used) - 1
    folder = tmp_path / "model"
    shutil.copytree(job.model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": context}))
    job = replace(job, model=str(folder))
    data = load(job)
    assert data.examples.too_long
    assert f"left out, longer than the context of {context} tokens" in capsys.readouterr().out
    assert set(ids(data)) == {f"q{number}" for number in range(10)} - {
        candidate_id.partition("-")[0] for candidate_id in data.examples.too_long
    }
    load(job, rank=1, world_size=2)
    assert capsys.readouterr().out == ""
