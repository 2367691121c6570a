from dataclasses import replace

import pytest

from thoughtrank.records import Candidate
from thoughtrank.stages.pooling import ModelCandidates, Pooling
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.tables import read_table


@pytest.fixture
def stage(store, questions, finished):
    def candidates(model, answers):
        rows = [
            Candidate(
                question_id, f"{question_id}-{index:03d}", "ab"[index], f"{model} thinks", answer, 1, 1, "stop", "stop"
            )
            for question_id, of_question in answers.items()
            for index, answer in enumerate(of_question)
        ]
        published = store.paths.round(2).candidates_of(model)
        artifact = finished("candidates", rows, record_type=Candidate, published=published)
        return ModelCandidates(model=model, candidates=artifact)

    return Pooling(
        name="round 2 generation",
        published=store.paths.candidates(2),
        questions=questions,
        parts=[
            candidates("base", {"q0": ["1", "2"], "q3": ["3"]}),
            candidates("previous", {"q0": ["4", "5"], "q3": ["6"]}),
        ],
    )


def test_every_question_has_the_candidates_of_all_models_under_names_and_ids_of_their_own(stage, store):
    rows = read_table(store.complete(stage).published, Candidate)
    assert [(row.candidate_id, row.prefix, row.answer) for row in rows] == [
        ("q0-000", "a (base)", "1"),
        ("q0-001", "b (base)", "2"),
        ("q0-002", "a (previous)", "4"),
        ("q0-003", "b (previous)", "5"),
        ("q3-000", "a (base)", "3"),
        ("q3-001", "a (previous)", "6"),
    ]
    assert store.artifact(stage).facts["candidates"] == 6


def test_other_parts_are_another_table(stage, store):
    assert store.artifact(stage).key != store.artifact(replace(stage, parts=stage.parts[::-1])).key


def test_the_time_of_the_models_is_that_of_the_round(stage, store, monkeypatch):
    monkeypatch.setattr(Artifact, "facts", {"seconds": 100.0})
    artifact = store.complete(stage)
    monkeypatch.undo()
    assert artifact.facts["seconds"] >= 200
