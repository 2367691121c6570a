from dataclasses import replace
from pathlib import Path

import pytest

from thoughtrank.errors import UserError
from thoughtrank.records import Question
from thoughtrank.storage import imported_candidates
from thoughtrank.storage.imported_candidates import QUESTIONS, ImportedCandidate, ImportedCandidates
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.tables import write_part

QUESTION = Question("q1", "Größer?", answer="7", family="sums")
CANDIDATE = ImportedCandidate(
    question_id="q1",
    prefix="mine",
    thought="a thought",
    answer="7",
    thought_tokens=None,
    answer_tokens=3,
    thought_finish="stop",
    answer_finish="length",
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "import"


@pytest.fixture
def imported(folder):
    written = ImportedCandidates(folder)
    written.write(questions=[QUESTION, Question("q2", "Open?")], candidates=[CANDIDATE])
    return ImportedCandidates(folder)


def test_what_was_written_is_read_again(imported):
    assert imported.faults() == []
    assert imported.questions() == [QUESTION, Question("q2", "Open?")]
    assert list(imported.candidates()) == [CANDIDATE]
    assert imported.facts == {"questions": 2, "candidates": 1}
    assert imported.candidates_by_question == {"q1": 1}


def test_its_fingerprint_is_that_of_the_content(imported, tmp_path):
    same, other = (ImportedCandidates(tmp_path / name) for name in ("same", "other"))
    same.write(questions=imported.questions(), candidates=list(imported.candidates()))
    other.write(questions=imported.questions(), candidates=[replace(CANDIDATE, answer="8")])
    assert same.sha256 == imported.sha256 != other.sha256


@pytest.mark.parametrize("name", [QUESTIONS, "candidates.parquet"])
@pytest.mark.parametrize("deleted", [True, False])
def test_a_file_that_was_changed_or_deleted_by_hand_is_a_fault(imported, folder, name, deleted):
    path = folder / name
    if deleted:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\n")
    [fault] = imported.faults()
    assert "was changed since it was imported" in fault
    for read in (imported.questions, imported.candidates, lambda: imported.sha256):
        with pytest.raises(UserError, match="was changed"):
            read()


def test_an_import_of_another_version_is_a_fault(imported, folder):
    write_json(folder / "_import.json", {**read_json(folder / "_import.json"), "version": 0})
    assert "another version" in imported.faults()[0]


def test_a_folder_without_an_import_is_a_fault_that_tells_how_to_make_one(folder):
    [fault] = ImportedCandidates(folder).faults()
    assert str(folder) in fault
    assert "python -m thoughtrank.data import" in fault


def test_an_import_that_fails_halfway_leaves_none(imported, folder, monkeypatch):
    def fails(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr("thoughtrank.storage.imported_candidates.write_text", fails)
    with pytest.raises(OSError, match="disk full"):
        ImportedCandidates(folder).write(questions=[QUESTION], candidates=[])
    assert "is no folder of imported candidates" in ImportedCandidates(folder).faults()[0]


def test_a_second_import_replaces_the_first(imported, folder):
    ImportedCandidates(folder).write(questions=[QUESTION], candidates=[])
    assert ImportedCandidates(folder).facts == {"questions": 1, "candidates": 0}


def test_the_config_key_may_be_empty_or_lie_in_the_home_folder(monkeypatch, tmp_path):
    assert ImportedCandidates.at(None) is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ImportedCandidates.at("~/import").folder == Path(tmp_path / "import")


def shuffled_rows(folder):
    """An import of three questions with three candidates each, whose file has the rows mixed, as former versions wrote it."""
    questions = [Question(f"q{number}", f"{number}?") for number in range(3)]
    rows = [
        replace(CANDIDATE, question_id=f"q{number}", answer=f"{number}{index}")
        for index in range(3)
        for number in (2, 0, 1)
    ]
    ImportedCandidates(folder).write(questions=questions, candidates=rows)
    return ImportedCandidates(folder), rows


def test_candidates_are_written_question_after_question(folder):
    imported, _ = shuffled_rows(folder)
    assert [each.answer for each in imported.candidates()] == ["00", "01", "02", "10", "11", "12", "20", "21", "22"]


@pytest.mark.parametrize("is_sorted", [True, False])
def test_candidates_are_read_in_the_order_that_is_asked_for(folder, is_sorted):
    imported, rows = shuffled_rows(folder)
    if not is_sorted:
        write_part(folder / "candidates.parquet", rows, record_type=ImportedCandidate)
        write_json(
            folder / "_import.json",
            {**read_json(folder / "_import.json"), "sha256": imported_candidates._sha256(folder)},
        )
        imported = ImportedCandidates(folder)
    groups = list(imported.candidates_of(["q2", "unknown", "q0"]))
    assert [[each.answer for each in group] for group in groups] == [["20", "21", "22"], [], ["00", "01", "02"]]
