import json

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from thoughtrank.storage.done_marker import DONE, read_done, write_done


@pytest.fixture
def table(tmp_path):
    for number, rows in enumerate((3, 2)):
        parquet.write_table(pa.table({"x": list(range(rows))}), tmp_path / f"part-{number}.parquet")
    parquet.write_table(pa.table({"x": [1]}), tmp_path / "_scratch.parquet")
    write_done(tmp_path, fingerprint="key", facts={"candidates": 5})
    return tmp_path


def test_a_marker_holds_fingerprint_facts_and_the_rows_of_every_file_of_the_table(table):
    marker = read_done(table)
    assert (marker.fingerprint, marker.facts) == ("key", {"candidates": 5})
    assert marker.rows == {"part-0.parquet": 3, "part-1.parquet": 2}
    assert marker.damaged_parts(table) == []


def test_files_that_are_missing_shorter_or_unreadable_are_damaged(table):
    (table / "part-0.parquet").unlink()
    parquet.write_table(pa.table({"x": [1]}), table / "part-1.parquet")
    assert read_done(table).damaged_parts(table) == ["part-0.parquet", "part-1.parquet"]
    (table / "part-1.parquet").write_bytes(b"PAR1 torn")
    assert "part-1.parquet" in read_done(table).damaged_parts(table)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"fingerprint": "key"}'])
def test_a_torn_marker_is_none(tmp_path, text):
    (tmp_path / DONE).write_text(text)
    assert read_done(tmp_path) is None


def test_a_folder_without_a_marker_is_not_finished(tmp_path):
    assert read_done(tmp_path) is None


def test_a_marker_of_an_older_version_has_no_rows_to_check(tmp_path):
    (tmp_path / DONE).write_text(json.dumps({"fingerprint": "key", "facts": {}}))
    assert read_done(tmp_path).damaged_parts(tmp_path) == []


@pytest.fixture
def model(tmp_path):
    for name in ("config.json", "model.safetensors", "README.md", "_job.yaml"):
        (tmp_path / name).write_text("as it was")
    write_done(tmp_path, fingerprint="key", facts={})
    return tmp_path


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_of_a_model_that_was_cut_is_damaged(model, name):
    assert read_done(model).damaged_parts(model) == []
    (model / name).write_text("as it")
    assert read_done(model).damaged_parts(model) == [name]


def test_weights_that_were_deleted_are_not_damaged(model):
    (model / "model.safetensors").unlink()
    assert read_done(model).damaged_parts(model) == []


@pytest.mark.parametrize("name", ["README.md", "_job.yaml"])
def test_a_model_card_and_side_files_may_be_edited(model, name):
    (model / name).write_text("edited by hand")
    assert read_done(model).damaged_parts(model) == []
