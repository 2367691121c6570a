"""A folder of imported candidates that is not as the import left it is one message."""

import json

import pytest

from thoughtrank.data.import_candidates import import_files
from thoughtrank.storage.imported_candidates import ImportedCandidates


@pytest.fixture
def folder(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "Question 1?", "reference": 1, "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path / "import")
    return tmp_path / "import"


def faults_of(folder):
    return ImportedCandidates(folder).faults()


def test_a_folder_as_the_import_left_it_has_no_fault(folder):
    assert faults_of(folder) == []
    assert ImportedCandidates(folder).facts == {"questions": 1, "candidates": 1}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[1]", "null", "7", '"text"', "{}", '{"version": 1}', "[" * 10_000, "\xff"]
)
def test_a_broken_marker_is_one_message(folder, text):
    (folder / "_import.json").write_text(text, encoding="latin-1")
    [fault] = faults_of(folder)
    assert "import the file again" in fault


def test_missing_counts_are_one_message(folder):
    marker = folder / "_import.json"
    values = json.loads(marker.read_text())
    del values["questions"]
    marker.write_text(json.dumps(values))
    [fault] = faults_of(folder)
    assert "import the file again" in fault


@pytest.mark.parametrize("name", ["questions.jsonl", "candidates.parquet", "_import.json"])
def test_a_folder_in_place_of_a_file_is_one_message(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    [fault] = faults_of(folder)
    assert "import the file again" in fault


@pytest.mark.parametrize("name", ["questions.jsonl", "candidates.parquet"])
def test_an_edited_or_missing_file_is_one_message(folder, name):
    (folder / name).unlink()
    [fault] = faults_of(folder)
    assert "import the file again" in fault


def test_a_user_who_does_not_exist_has_no_import():
    [fault] = ImportedCandidates.at("~no_such_user/import").faults()
    assert "is no folder of imported candidates" in fault
