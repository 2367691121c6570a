import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.storage.store import RunPaths, Store, fingerprint, read_json, write_json

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ROOT = Path(__file__).parents[2]

# No booleans and no numbers below 2: in Python, unlike in JSON, True equals 1 and 1.0.
SCALARS = st.none() | st.integers(min_value=2) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
INPUTS = st.dictionaries(st.text(), JSON, max_size=4)


def turned(value):
    """The same value with every mapping's keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")


def stage_of(store, **inputs):
    return store.stage(kind="candidates", place=store.paths.candidates(1), inputs=inputs)


def finished(store, **inputs):
    """A stage that is done in the cache and not yet shown."""
    stage = stage_of(store, **inputs)
    with stage.locked():
        (stage.folder / "part-00000.parquet").write_text("rows")
        (stage.folder / "inner").mkdir(exist_ok=True)
        (stage.folder / "inner" / "z.txt").write_text("deep")
        stage.finish(candidates=3)
    return stage


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def deleted(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


# Fingerprints.


@PATIENT
@given(INPUTS)
def test_the_order_of_the_keys_makes_no_other_fingerprint(inputs):
    assert fingerprint(**inputs) == fingerprint(**turned(inputs))


@PATIENT
@given(INPUTS, INPUTS)
def test_fingerprints_are_equal_exactly_when_all_inputs_are(one, other):
    assert (fingerprint(**one) == fingerprint(**other)) == (one == other)


@PATIENT
@given(INPUTS.filter(bool), st.data())
def test_any_changed_input_changes_the_fingerprint(inputs, data):
    key = data.draw(st.sampled_from(sorted(inputs)))
    value = data.draw(JSON.filter(lambda value: value != inputs[key]))
    assert fingerprint(**inputs | {key: value}) != fingerprint(**inputs)
    assert fingerprint(**{name: inputs[name] for name in inputs if name != key}) != fingerprint(**inputs)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_cannot_hold_is_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        fingerprint(settings={"lr": number})


def test_a_fingerprint_can_name_a_folder():
    assert fingerprint(question="a/b\n..").isalnum()


# JSON files.


@settings(PATIENT, max_examples=30)
@given(JSON)
def test_a_json_file_holds_what_was_written(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_older_file_whole(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"round": 1})
    with pytest.raises(TypeError):
        write_json(path, {"round": 2, "folder": object()})
    assert read_json(path) == {"round": 1}


def test_a_reader_never_meets_half_of_a_file(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, [0])
    with path.open() as opened:
        write_json(path, [1] * 100_000)
        assert opened.read() == "[\n  0\n]\n"


# Run folders.


def test_a_sorted_listing_of_a_round_is_the_order_of_its_stages():
    paths = RunPaths(Path("runs/mine"))
    stages = [paths.candidates(3), paths.rankings(3), paths.examples(3), paths.model(3), paths.evaluation(3)]
    assert stages == sorted(stages)
    assert {stage.parent for stage in stages} == {Path("runs/mine/round_3")}


# The life of a stage.


def test_a_stage_is_not_done_before_it_is_finished(store):
    stage = stage_of(store)
    assert not stage.done
    with stage.locked():
        (stage.folder / "part-00000.parquet").write_text("rows")
        stage.save_seconds()
        assert not stage.done
        stage.finish(candidates=3)
        assert stage.done
    assert stage.facts()["candidates"] == 3
    assert stage_of(store).done


def test_another_input_is_another_stage(store):
    finished(store, seed=1)
    assert stage_of(store, seed=1).done
    assert not stage_of(store, seed=2).done


def test_runs_that_agree_on_a_stage_share_it(store, tmp_path):
    finished(store, seed=1)
    other = stage_of(Store(run_folder=tmp_path / "runs" / "theirs", cache_folder=store.cache_folder), seed=1)
    assert other.done
    other.publish()
    assert (other.place / "part-00000.parquet").read_text() == "rows"


def test_publishing_shows_the_very_files_of_the_cache(store):
    stage = finished(store)
    stage.publish()
    for name in ("part-00000.parquet", "inner/z.txt"):
        assert (stage.place / name).samefile(stage.folder / name)
    assert stage.done


def test_publishing_shows_no_lock_no_account_and_nothing_half_written(store):
    stage = finished(store)
    (stage.folder / "_part-00001.parquet.partial").write_text("half")
    stage.publish()
    assert set(contents(stage.place)) == {"part-00000.parquet", "inner/z.txt", "_done.json"}


def test_publishing_twice_changes_nothing(store):
    stage = finished(store)
    stage.publish()
    before = contents(stage.place)
    stage.publish()
    assert contents(stage.place) == before


@pytest.mark.parametrize("name", ["part-00000.parquet", "inner/z.txt"])
def test_the_run_folder_is_marked_done_only_when_every_file_is_there(store, name):
    stage = finished(store)
    (stage.place / name).mkdir(parents=True)  # publishing cannot get past this
    with pytest.raises((IsADirectoryError, PermissionError)):
        stage.publish()
    (stage.place / name).rmdir()
    deleted(stage.folder)
    assert not stage_of(store).done


def test_publishing_goes_on_where_it_was_interrupted(store):
    stage = finished(store)
    stage.place.mkdir(parents=True)
    (stage.place / "part-00000.parquet").write_text("of an interrupted attempt")
    stage.publish()
    assert (stage.place / "part-00000.parquet").read_text() == "rows"


@pytest.mark.skipif(
    not os.access("/dev/shm", os.W_OK) or Path("/dev/shm").stat().st_dev == Path("/tmp").stat().st_dev,
    reason="needs a second file system",
)
def test_a_cache_on_another_file_system_is_copied_from(tmp_path):
    command = [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp(dir='/dev/shm'))"]
    cache = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    try:
        stage = finished(Store(run_folder=tmp_path / "runs" / "mine", cache_folder=cache))
        stage.publish()
        assert (stage.place / "inner" / "z.txt").read_text() == "deep"
    finally:
        deleted(cache)
        cache.rmdir()


def test_deleting_the_cache_leaves_the_run_and_publishing_puts_it_back(store):
    stage = finished(store, seed=1)
    stage.publish()
    shown = contents(stage.place)
    deleted(store.cache_folder)
    assert contents(stage.place) == shown
    again = stage_of(store, seed=1)
    assert again.done
    assert again.facts() == stage.facts()
    again.publish()
    restored = contents(again.folder)
    restored.pop("_lock")  # held while the files were put back
    assert restored == shown
    deleted(again.place)
    assert stage_of(store, seed=1).done


def test_a_run_folder_made_from_other_inputs_is_refused_in_plain_words(store):
    old = finished(store, seed=1)
    old.publish()
    shown = contents(old.place)
    new = finished(store, seed=2)
    with pytest.raises(UserError, match="was made from other inputs") as caught:
        new.publish()
    assert str(old.place) in str(caught.value)
    assert "run=" in str(caught.value)
    assert contents(old.place) == shown


def test_a_stage_that_is_forgotten_is_made_again(store):
    stage = finished(store, seed=1)
    stage.publish()
    stage.forget()
    assert not stage.done
    with stage.locked():
        (stage.folder / "part-00000.parquet").write_text("made again")
        stage.finish(candidates=3)
    stage.publish()
    assert stage.done
    assert (stage.place / "part-00000.parquet").read_text() == "made again"


def test_the_seconds_of_all_attempts_add_up(store):
    for attempt in range(3):
        stage = stage_of(store)
        with stage.locked():
            time.sleep(0.1)
            if attempt < 2:
                stage.save_seconds()
            else:
                stage.finish()
    assert stage.facts()["seconds"] >= 0.3


# Locks. Each of these needs a second process: a lock is held by a process.

HOLD = """
import sys
from pathlib import Path
from thoughtrank.storage.store import Stage

with Stage(folder=Path(sys.argv[1]), place=Path(sys.argv[2]), key="k").locked():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder():
    """Starts a process that takes a stage's lock, says so, and holds it until it is told a line."""
    processes = []

    def start(stage):
        command = [sys.executable, "-c", HOLD, str(stage.folder), str(stage.place)]
        processes.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_two_processes_cannot_hold_one_stage(store, holder):
    stage = stage_of(store)
    with stage.locked():
        other = holder(stage)
        assert "another run is working on 1_candidates" in other.stdout.readline()
    assert other.stdout.readline() == "held\n"
    other.communicate("done\n", timeout=60)
    assert other.returncode == 0


def test_stages_of_other_inputs_do_not_wait_for_each_other(store, holder):
    with stage_of(store, seed=1).locked():
        other = holder(stage_of(store, seed=2))
        assert other.stdout.readline() == "held\n"
        other.communicate("done\n", timeout=60)


def test_the_lock_of_a_killed_process_is_gone(store, holder):
    stage = stage_of(store)
    victim = holder(stage)
    assert victim.stdout.readline() == "held\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=60)
    heir = holder(stage)
    output, _ = heir.communicate("done\n", timeout=60)
    assert output == "held\n"
