from dataclasses import replace

import pytest

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Question
from thoughtrank.stages.importing import Importing
from thoughtrank.storage.imported_candidates import ImportedCandidate, ImportedCandidates
from thoughtrank.storage.tables import read_table


def imported(question_id, thought, *, thought_tokens=None, answer_tokens=None, finish="stop"):
    return ImportedCandidate(
        question_id=question_id,
        prefix="mine",
        thought=thought,
        answer=f"{thought}, so 7",
        thought_tokens=thought_tokens,
        answer_tokens=answer_tokens,
        thought_finish="stop",
        answer_finish=finish,
    )


@pytest.fixture
def stage(store, base, questions, tmp_path):
    source = ImportedCandidates(tmp_path / "import")
    source.write(
        questions=[*questions, Question("elsewhere", "Held out?")],
        candidates=[
            imported("q1", "first"),
            imported("elsewhere", "left out"),
            imported("q0", "second", thought_tokens=50, answer_tokens=60, finish="length"),
            imported("q1", "third"),
        ],
    )
    return Importing(
        name="round 1 generation",
        published=store.paths.candidates(1),
        questions=questions,
        imported=source,
        model=base,
    )


def test_candidates_come_in_the_order_of_the_questions_without_those_of_others(stage, store):
    artifact = store.complete(stage)
    rows = read_table(artifact.published, Candidate)
    assert [(row.candidate_id, row.thought) for row in rows] == [
        ("q0-000", "second"),
        ("q1-000", "first"),
        ("q1-001", "third"),
    ]
    assert artifact.facts["candidates"] == 3
    assert artifact.facts["engine"] == {"engine": "imported"}


def test_tokens_are_counted_where_the_import_has_no_counts(stage, store, tiny_folder):
    counted, first, _ = read_table(store.complete(stage).folder, Candidate)
    assert (counted.thought_tokens, counted.answer_tokens, counted.answer_finish) == (50, 60, "length")
    chat = ChatTemplate.from_folder(tiny_folder)
    assert first.thought_tokens == len(chat.token_ids("first</thought>"))
    assert first.answer_tokens == len(chat.token_ids("first, so 7"))


def test_import_questions_and_tokenizer_are_the_inputs(stage, questions, tmp_path):
    assert replace(stage, questions=questions[:2]).inputs() != stage.inputs()
    before = stage.inputs()
    other = ImportedCandidates(tmp_path / "import")
    other.write(questions=questions, candidates=[imported("q0", "another")])
    assert replace(stage, imported=other).inputs() != before
    assert replace(stage, name="another").inputs() == before


def test_an_imported_text_with_a_tag_is_marked_and_stays_as_it_is(stage, store, questions, tmp_path):
    source = ImportedCandidates(tmp_path / "tags")
    source.write(
        questions=questions, candidates=[imported("q0", "a <thought> b", finish="length"), imported("q1", "c")]
    )
    marked, other = read_table(store.complete(replace(stage, imported=source)).published, Candidate)
    assert (marked.thought, marked.answer) == ("a <thought> b", "a <thought> b, so 7")
    assert (marked.thought_finish, marked.answer_finish) == ("tag", "tag")
    assert not other.is_malformed


def test_other_rules_for_tags_change_the_inputs(stage, monkeypatch):
    before = stage.inputs()
    monkeypatch.setattr("thoughtrank.stages.importing.TAG_RULES", 99)
    assert stage.inputs() != before
