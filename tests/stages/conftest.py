"""The tables that a stage reads."""

import pytest
from recipes import Rows
from run_fixtures import base, questions, store

from thoughtrank.records import Candidate
from thoughtrank.storage.tables import write_part

__all__ = ["base", "questions", "store"]


@pytest.fixture
def finished(store):
    """Completes an artifact that holds one table."""

    def finish(kind, rows, *, record_type, published):
        artifact = store.artifact(Rows(kind=kind, published=published, values={"rows": repr(rows)}, replaceable=True))
        with artifact.locked():
            write_part(artifact.folder / "part-00000.parquet", rows, record_type=record_type)
            artifact.finish(**{kind: len(rows)})
        artifact.publish()
        return artifact

    return finish


@pytest.fixture
def candidates(store, finished):
    """The finished table of candidates of round 1: for each question id its answers."""

    def make(answers):
        rows = [
            Candidate(
                question_id=question_id,
                candidate_id=f"{question_id}-{index:03d}",
                prefix="ab"[index % 2],
                thought=f"thought {index}",
                answer=answer,
                thought_tokens=2,
                answer_tokens=3,
                thought_finish="stop",
                answer_finish="stop",
            )
            for question_id, of_question in answers.items()
            for index, answer in enumerate(of_question)
        ]
        return finished("candidates", rows, record_type=Candidate, published=store.paths.candidates(1))

    return make
