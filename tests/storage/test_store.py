import pytest
from recipes import Rows

from thoughtrank.errors import UserError
from thoughtrank.storage.store import Store, base_model_folder


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")


def rows(store, **options):
    return Rows(published=store.paths.candidates(1), **options)


def test_completing_makes_an_artifact_once_and_publishes_it(store):
    recipe = rows(store)
    artifact = store.complete(recipe)
    assert artifact.done
    assert (artifact.published / "inner" / "z.txt").read_text() == "deep"
    store.complete(recipe)
    assert (recipe.made, recipe.reused) == (1, 1)


def test_another_input_is_another_artifact(store):
    store.complete(rows(store, values={"seed": 1}))
    assert not store.artifact(rows(store, values={"seed": 2})).done


def test_a_kind_of_its_own_keeps_equal_inputs_apart(store):
    assert store.artifact(rows(store)).key != store.artifact(rows(store, kind="rankings")).key


def test_an_artifact_of_other_inputs_in_the_run_folder_is_refused_before_any_work(store):
    store.complete(rows(store, values={"seed": 1}))
    other = rows(store, values={"seed": 2})
    with pytest.raises(UserError, match="was made from other inputs"):
        store.complete(other)
    assert other.made == 0


def test_a_replaceable_artifact_takes_the_place_of_another(store):
    store.complete(rows(store, values={"seed": 1}, text="first"))
    artifact = store.complete(rows(store, values={"seed": 2}, text="second", replaceable=True))
    assert (artifact.published / "part-00000.parquet").read_text() == "second"


def test_work_that_fails_is_not_done_and_is_tried_again(store):
    class Fails(Rows):
        def make(self, artifact):
            raise UserError("no judge")

    with pytest.raises(UserError, match="no judge"):
        store.complete(Fails(published=store.paths.candidates(1)))
    recipe = rows(store)
    store.complete(recipe)
    assert recipe.made == 1


def test_what_another_run_made_while_this_one_waited_is_reused(store, monkeypatch):
    """The other run finishes between this one's first look and its lock."""
    from thoughtrank.storage.artifact import Artifact

    recipe, other = rows(store), rows(store)
    locked = Artifact.locked

    def locked_late(self):
        if not self.done:
            other.make(self)
        return locked(self)

    store.artifact(recipe).folder.mkdir(parents=True)
    monkeypatch.setattr(Artifact, "locked", locked_late)
    store.complete(recipe)
    assert (recipe.made, recipe.reused) == (0, 1)


def test_the_base_model_has_one_folder_per_source(tmp_path):
    assert base_model_folder(tmp_path, {"name": "a"}) == base_model_folder(tmp_path, {"name": "a"})
    assert base_model_folder(tmp_path, {"name": "a"}) != base_model_folder(tmp_path, {"name": "b"})
