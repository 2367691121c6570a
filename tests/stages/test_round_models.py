from dataclasses import replace

import pytest
import torch
from fake_models import CopiedModel
from safetensors.torch import save_file

from thoughtrank.stages.round_models import BaseModel, RoundModel, delete_weights, has_weights, keeps_weights
from thoughtrank.stages.training import KeptModel
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.stage_reuse import Store


def kept(store, number, start):
    """A round that keeps its model, by way of a copy."""
    stage = KeptModel(
        name=f"round {number} training", published=store.paths.model(number), start=start, keep_weights=False
    )
    return RoundModel(stage=stage, store=store)


def test_the_folder_is_made_when_it_is_first_asked_for_and_once(base):
    source = base.stage.source
    assert (base.key, source.written) == (base.key, 0)
    folder = base.folder()
    assert has_weights(folder)
    assert (base.folder(), source.written) == (folder, 1)


def test_a_model_whose_weights_were_deleted_is_made_again(base):
    folder = base.folder()
    base.delete_weights()
    assert not has_weights(folder)
    assert base.folder() == folder
    assert has_weights(folder)
    assert base.stage.source.written == 2


def test_the_key_is_that_of_the_source_and_no_model_has_to_be_there(store, tiny_folder, tmp_path):
    one, two = (BaseModel.of(CopiedModel(folder=str(folder)), store=store) for folder in (tiny_folder, tmp_path))
    again = BaseModel.of(CopiedModel(folder=str(tiny_folder)), store=store)
    assert one.key == again.key != two.key
    assert not store.cache_folder.exists()


def test_the_base_model_is_in_the_cache_and_not_in_the_run_folder(base, store):
    assert store.cache_folder in base.folder().parents
    assert not store.paths.folder.exists()


def test_a_kept_model_is_the_earlier_one_by_key_and_by_folder(base, store):
    stage = KeptModel(name="round 1 training", published=store.paths.model(1), start=base)
    model = RoundModel(stage=stage, store=store, kept_from=base)
    assert model.key == base.key != replace(model, kept_from=None).key
    assert model.folder() == base.folder()


def test_deleting_weights_frees_cache_and_run_folder_and_leaves_the_rest(base, store):
    model = kept(store, 1, base)
    folder = model.folder()
    (folder / "_checkpoint").mkdir()
    model.delete_weights()
    for each in (folder, store.paths.model(1)):
        assert not has_weights(each)
        assert (each / "tokenizer.json").exists()
    assert not (folder / "_checkpoint").exists()
    assert store.artifact(model.stage).done


@pytest.mark.parametrize(
    ("keep", "left"),
    [("all", [True, True, True]), ("last", [True, False, True]), ("none", [True, False, False])],
)
def test_keep_says_which_rounds_keep_their_weights_and_the_base_model_always_does(base, store, keep, left):
    first = kept(store, 1, base)
    models = [base, first, kept(store, 2, first)]
    folders = [model.folder() for model in models]
    delete_weights(models, keep=keep)
    assert [has_weights(folder) for folder in folders] == left


def test_the_weights_that_the_last_round_kept_are_not_deleted_with_those_of_its_start(base, store):
    first = kept(store, 1, base)
    stage = KeptModel(name="round 2 training", published=store.paths.model(2), start=first)
    last = RoundModel(stage=stage, store=store, kept_from=first)
    folder = last.folder()
    delete_weights([base, first, last], keep="last")
    assert folder == store.artifact(first.stage).folder
    assert has_weights(folder)


def published_by(run, base, cache, *, keep_weights):
    """Completes the same round in a run of its own; returns its model and how it looks in the run folder."""
    store = Store(run_folder=cache.with_name(run), cache_folder=cache)
    stage = KeptModel(
        name="round 1 training",
        published=store.paths.model(1),
        start=replace(base, store=store),
        keep_weights=keep_weights,
    )
    store.complete(stage)
    return RoundModel(stage=stage, store=store), store.paths.model(1)


def test_a_run_that_keeps_all_has_its_weights_after_another_run_deleted_those_of_the_cache(base, store):
    theirs, _ = published_by("theirs", base, store.cache_folder, keep_weights=False)
    theirs.delete_weights()
    _, mine = published_by("mine", base, store.cache_folder, keep_weights=True)
    assert has_weights(mine)


def test_weights_that_the_run_still_has_are_linked_and_not_trained_again(base, store):
    model, mine = published_by("mine", base, store.cache_folder, keep_weights=True)
    theirs, _ = published_by("theirs", base, store.cache_folder, keep_weights=False)
    before = (mine / "model.safetensors").stat().st_ino
    theirs.delete_weights()
    assert not has_weights(store.artifact(theirs.stage).folder)
    assert (model.folder() / "model.safetensors").stat().st_ino == before
    assert (mine / "model.safetensors").stat().st_ino == before


def test_training_again_changes_no_file_of_another_run(base, store):
    model, mine = published_by("mine", base, store.cache_folder, keep_weights=False)
    _, theirs = published_by("theirs", base, store.cache_folder, keep_weights=True)
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in theirs.iterdir()}
    model.delete_weights()
    folder = model.folder()
    assert has_weights(folder)
    for path in folder.glob("[!_]*"):
        assert not path.samefile(theirs / path.name)
    assert {path.name: (path.stat().st_ino, path.read_bytes()) for path in theirs.iterdir()} == before
    # Its metrics are those of the model that was deleted.
    assert not has_weights(mine)


def test_a_model_with_a_missing_shard_has_lost_its_weights(tmp_path):
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    write_json(tmp_path / "model.safetensors.index.json", {"weight_map": shards})
    save_file({"a": torch.zeros(2)}, tmp_path / shards["a"])
    assert not has_weights(tmp_path)
    save_file({"b": torch.zeros(2)}, tmp_path / shards["b"])
    assert has_weights(tmp_path)


def test_keep_says_which_rounds_want_their_weights():
    wanted = {
        keep: [keeps_weights(number, rounds=2, keep=keep) for number in (1, 2)] for keep in ("all", "last", "none")
    }
    assert wanted == {"all": [True, True], "last": [False, True], "none": [False, False]}
