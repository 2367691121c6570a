import errno
import shutil

import pytest
from recipes import Rows

from thoughtrank.errors import UserError
from thoughtrank.storage.stage_reuse import Store, base_model_folder


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
    assert (artifact.published / "rows.txt").read_text() == "second"


def test_it_depends_on_the_facts_of_the_other_where_the_recipe_says_so(store):
    store.complete(rows(store, values={"seed": 1}, text="first"))
    other = rows(store, values={"seed": 2}, text="second")
    other.replaces = lambda facts: facts["candidates"] == 4
    with pytest.raises(UserError, match="was made from other inputs"):
        store.complete(other)
    other.replaces = lambda facts: facts["candidates"] == 3
    assert (store.complete(other).published / "rows.txt").read_text() == "second"


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


def other_run(store):
    return Store(run_folder=store.paths.folder.with_name("theirs"), cache_folder=store.cache_folder)


def lost(artifact, *names):
    """An artifact whose files were deleted, in the cache and in the run folder."""
    for name in names:
        (artifact.folder / name).unlink(missing_ok=True)
        (artifact.published / name).unlink(missing_ok=True)


def test_an_artifact_that_lacks_what_is_wanted_is_made_again(store):
    lost(store.complete(rows(store)), "rows.txt")
    easy = rows(store)
    store.complete(easy)
    assert easy.made == 0
    wanting = rows(store, wanted=("rows.txt",))
    artifact = store.complete(wanting)
    assert wanting.made == 1
    assert (artifact.published / "rows.txt").read_text() == "rows"


def test_what_is_wanted_is_taken_from_the_run_folder_before_it_is_made_again(store):
    artifact = store.complete(rows(store))
    (artifact.folder / "rows.txt").unlink()
    wanting = rows(store, wanted=("rows.txt",), text="made again")
    artifact = store.complete(wanting)
    assert wanting.made == 0
    assert (artifact.folder / "rows.txt").samefile(artifact.published / "rows.txt")


def test_what_is_made_again_leaves_the_files_of_other_runs_alone(store):
    theirs = other_run(store).complete(Rows(published=other_run(store).paths.candidates(1)))
    mine = store.complete(rows(store))
    lost(mine, "inner/z.txt")
    again = rows(store, wanted=("inner/z.txt",), text="made again")
    store.complete(again)
    assert again.made == 1
    assert (mine.published / "rows.txt").read_text() == "made again"
    assert (theirs.published / "rows.txt").read_text() == "rows"
    assert (theirs.published / "inner" / "z.txt").read_text() == "deep"


def test_what_is_made_again_starts_with_what_it_can_reuse_and_nothing_else(store):
    class Resumes(Rows):
        def make(self, artifact):
            self.found = {path.name: path.stat().st_nlink for path in artifact.folder.iterdir() if path.is_file()}
            super().make(artifact)

    lost(store.complete(rows(store)), "inner/z.txt")
    again = Resumes(published=store.paths.candidates(1), wanted=("inner/z.txt",), reusable=("rows.*",))
    store.complete(again)
    assert again.found == {"_lock": 1, "rows.txt": 1}


def test_what_can_be_reused_is_taken_from_the_run_folder_if_the_cache_lost_it(store):
    artifact = store.complete(rows(store, text="paid for"))
    (artifact.published / "inner" / "z.txt").unlink()
    shutil.rmtree(artifact.folder)

    class Resumes(Rows):
        def make(self, artifact):
            self.text = (artifact.folder / "rows.txt").read_text()
            super().make(artifact)

    again = Resumes(published=artifact.published, wanted=("inner/z.txt",), reusable=("rows.txt",))
    assert (store.complete(again).published / "rows.txt").read_text() == "paid for"


def test_an_artifact_can_be_made_in_the_cache_while_the_run_folder_stays_as_it_is(store):
    artifact = store.complete(rows(store))
    lost(artifact, "rows.txt")
    again = rows(store, wanted=("rows.txt",))
    assert (store.complete_in_cache(again).folder / "rows.txt").exists()
    assert again.made == 1
    assert not (artifact.published / "rows.txt").exists()


def test_a_full_disk_stops_a_stage_with_one_sentence(store):
    class Fills(Rows):
        def make(self, artifact):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UserError, match=r"is full.*free some space and run the same command again") as caught:
        store.complete(Fills(published=store.paths.candidates(1)))
    assert len(caught.value.faults) == 1
    assert str(store.cache_folder) in str(caught.value)


def test_the_base_model_has_one_folder_per_source(tmp_path):
    assert base_model_folder(tmp_path, {"name": "a"}) == base_model_folder(tmp_path, {"name": "a"})
    assert base_model_folder(tmp_path, {"name": "a"}) != base_model_folder(tmp_path, {"name": "b"})
