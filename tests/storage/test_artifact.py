import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recipes import Rows, forget

from thoughtrank.errors import UserError
from thoughtrank.storage.stage_reuse import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")


def artifact_of(store, **inputs):
    return store.artifact(Rows(published=store.paths.candidates(1), values=inputs))


def finished(store, **inputs):
    """An artifact that is done in the cache and not yet published."""
    artifact = artifact_of(store, **inputs)
    with artifact.locked():
        Rows(published=artifact.published, values=inputs).make(artifact)
    return artifact


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def deleted(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_stage_is_not_done_before_it_is_finished(store):
    artifact = artifact_of(store)
    assert not artifact.done
    with artifact.locked():
        (artifact.folder / "rows.txt").write_text("rows")
        artifact.save_seconds()
        assert not artifact.done
        artifact.finish(candidates=3)
        assert artifact.done
    assert artifact.facts["candidates"] == 3
    assert artifact_of(store).done


@pytest.mark.parametrize("damaged", ["", "[1", "null", "[1]"])
def test_a_damaged_count_of_seconds_begins_again_from_zero(store, damaged):
    artifact = artifact_of(store)
    with artifact.locked():
        (artifact.folder / "_seconds.json").write_text(damaged)
        assert 0 <= artifact.save_seconds() < 60
        assert float((artifact.folder / "_seconds.json").read_text()) < 60


def test_another_input_is_another_stage(store):
    finished(store, seed=1)
    assert artifact_of(store, seed=1).done
    assert not artifact_of(store, seed=2).done


def test_runs_that_agree_on_a_stage_share_it(store, tmp_path):
    finished(store, seed=1)
    other = artifact_of(Store(run_folder=tmp_path / "runs" / "theirs", cache_folder=store.cache_folder), seed=1)
    assert other.done
    other.publish()
    assert (other.published / "rows.txt").read_text() == "rows"


def test_publishing_shows_the_very_files_of_the_cache(store):
    artifact = finished(store)
    artifact.publish()
    for name in ("rows.txt", "inner/z.txt"):
        assert (artifact.published / name).samefile(artifact.folder / name)
    assert artifact.done


def test_publishing_shows_no_lock_no_account_and_nothing_half_written(store):
    artifact = finished(store)
    (artifact.folder / "_training.0.lock").touch()
    (artifact.folder / "_rows.txt.partial").write_text("half")
    artifact.publish()
    assert set(contents(artifact.published)) == {"rows.txt", "inner/z.txt", "_done.json"}


def test_publishing_twice_changes_nothing(store):
    artifact = finished(store)
    artifact.publish()
    before = contents(artifact.published)
    artifact.publish()
    assert contents(artifact.published) == before


@pytest.mark.parametrize("name", ["rows.txt", "inner/z.txt"])
def test_the_run_folder_is_marked_done_only_when_every_file_is_there(store, name, monkeypatch):
    artifact = finished(store)

    def fails_there(source, target):
        if str(target).endswith(name):
            raise KeyboardInterrupt
        link(source, target)

    link = os.link
    monkeypatch.setattr("os.link", fails_there)
    with pytest.raises(KeyboardInterrupt):
        artifact.publish()
    deleted(artifact.folder)
    assert not artifact_of(store).done
    assert list(artifact.published.parent.iterdir()) == []


def test_publishing_goes_on_where_it_was_interrupted(store):
    artifact = finished(store)
    artifact.published.mkdir(parents=True)
    (artifact.published / "rows.txt").write_text("of an interrupted attempt")
    artifact.publish()
    assert (artifact.published / "rows.txt").read_text() == "rows"


@pytest.mark.skipif(
    not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == Path("/tmp").stat().st_dev,
    reason="needs a second file system",
)
def test_a_cache_on_another_file_system_is_copied_from(tmp_path):
    command = [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp(dir='/dev/shm'))"]
    cache = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    try:
        artifact = finished(Store(run_folder=tmp_path / "runs" / "mine", cache_folder=cache))
        artifact.publish()
        assert (artifact.published / "inner" / "z.txt").read_text() == "deep"
    finally:
        deleted(cache)
        cache.rmdir()


def full_disk(source, target):
    """As ``shutil.copy2`` on a disk that fills up."""
    Path(target).write_text("")
    if Path(source).name == "_done.json":
        raise OSError(errno.ENOSPC, "No space left on device")
    Path(target).write_text(Path(source).read_text())


def test_a_disk_that_fills_up_while_publishing_to_another_file_system_leaves_nothing_that_looks_finished(
    store, monkeypatch
):
    artifact = finished(store)
    with monkeypatch.context() as full:
        full.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError(errno.EXDEV, "another file system")))
        full.setattr("shutil.copy2", full_disk)
        recipe = Rows(published=artifact.published)
        with pytest.raises(UserError, match=r"1_candidates is full.*free some space"):
            store.complete(recipe)
        assert recipe.made == 0
    assert not artifact.published.exists()
    assert list(artifact.published.parent.iterdir()) == []
    assert contents(store.complete(recipe).published).keys() == {"rows.txt", "inner/z.txt", "_done.json"}


@pytest.mark.parametrize("torn", ["", "{", "[]", "null", '{"fingerprint": "k"}'])
def test_a_done_marker_that_a_full_disk_tore_counts_as_none(store, torn):
    artifact = store.complete(Rows(published=store.paths.candidates(1)))
    for folder in (artifact.folder, artifact.published):
        (folder / "_done.json").unlink()
        (folder / "_done.json").write_text(torn)
    assert not artifact.done
    recipe = Rows(published=artifact.published)
    assert store.complete(recipe).facts["candidates"] == 3
    assert recipe.made == 1


def test_deleting_the_cache_leaves_the_run_and_publishing_puts_it_back(store):
    artifact = finished(store, seed=1)
    artifact.publish()
    shown = contents(artifact.published)
    deleted(store.cache_folder)
    assert contents(artifact.published) == shown
    again = artifact_of(store, seed=1)
    assert again.done
    assert again.facts == artifact.facts
    again.publish()
    restored = contents(again.folder)
    restored.pop("_lock")  # held while the files were put back
    assert restored == shown
    deleted(again.published)
    assert artifact_of(store, seed=1).done


def test_a_run_folder_made_from_other_inputs_is_refused_in_plain_words(store):
    old = finished(store, seed=1)
    old.publish()
    shown = contents(old.published)
    new = finished(store, seed=2)
    with pytest.raises(UserError, match="was made from other inputs") as caught:
        new.publish()
    assert str(old.published) in str(caught.value)
    assert "run=" in str(caught.value)
    assert contents(old.published) == shown


def test_a_stage_that_is_forgotten_is_made_again(store):
    artifact = finished(store, seed=1)
    artifact.publish()
    forget(artifact)
    assert not artifact.done
    with artifact.locked():
        (artifact.folder / "rows.txt").write_text("made again")
        artifact.finish(candidates=3)
    artifact.publish()
    assert artifact.done
    assert (artifact.published / "rows.txt").read_text() == "made again"


def test_the_seconds_of_all_attempts_add_up(store):
    for attempt in range(3):
        artifact = artifact_of(store)
        with artifact.locked():
            time.sleep(0.1)
            if attempt < 2:
                artifact.save_seconds()
            else:
                artifact.finish()
    assert artifact.facts["seconds"] >= 0.3


# Locks. Each of these needs a second process: a lock is held by a process.

HOLD = """
import sys
from pathlib import Path
from thoughtrank.storage.artifact import Artifact

with Artifact(folder=Path(sys.argv[1]), published=Path(sys.argv[2]), key="k").locked():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder():
    """Starts a process that takes an artifact's lock, prints that, and holds it until it reads a line."""
    processes = []

    def start(artifact):
        command = [sys.executable, "-c", HOLD, str(artifact.folder), str(artifact.published)]
        processes.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_two_processes_cannot_hold_one_stage(store, holder):
    artifact = artifact_of(store)
    with artifact.locked():
        other = holder(artifact)
        assert "another run is working on 1_candidates" in other.stdout.readline()
    assert other.stdout.readline() == "held\n"
    other.communicate("done\n", timeout=60)
    assert other.returncode == 0


def test_stages_of_other_inputs_do_not_wait_for_each_other(store, holder):
    with artifact_of(store, seed=1).locked():
        other = holder(artifact_of(store, seed=2))
        assert other.stdout.readline() == "held\n"
        other.communicate("done\n", timeout=60)


def test_the_lock_of_a_killed_process_is_gone(store, holder):
    artifact = artifact_of(store)
    victim = holder(artifact)
    assert victim.stdout.readline() == "held\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=60)
    heir = holder(artifact)
    output, _ = heir.communicate("done\n", timeout=60)
    assert output == "held\n"
