import json

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.question_faults import held_out_faults, question_faults
from thoughtrank.config.schema import load_config
from thoughtrank.data.import_candidates import import_files


@pytest.fixture
def components(tmp_path):
    def make(*overrides, answers=True):
        file = tmp_path / "mine.jsonl"
        rows = [{"question": f"{number} + 1?", "answer": str(number + 1)} for number in range(60)]
        if not answers:
            rows = [{"question": each["question"]} for each in rows]
        file.write_text("".join(json.dumps(each) + "\n" for each in rows))
        own = ["questions=file", f"questions.path={file}", "questions.held_out=9", "questions.train_per_round=5"]
        return make_components(load_config(composed("model=tiny", "logger=none", *own, *overrides)))

    return make


def test_questions_with_answers_fit_every_judge_and_the_screening(components):
    assert question_faults(components("questions.screen=3")) == []
    assert question_faults(components("judge=fake", answers=False)) == []


def test_a_screening_needs_reference_answers(components):
    [fault] = question_faults(components("judge=fake", "questions.screen=3", answers=False))
    assert "15 of the first round's questions have no reference answer" in fault


def test_a_judge_that_compares_needs_them_too(components):
    [fault] = question_faults(components(answers=False))
    assert "5 of the first round's questions have none" in fault


def test_imported_candidates_cannot_be_screened(components, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "1 + 1?", "thought": "t", "answer": "2"}) + "\n")
    import_files(files=[rows], folder=tmp_path / "import")
    [fault] = question_faults(components("judge=fake", "questions.screen=3", f"candidates={tmp_path / 'import'}"))
    assert fault.startswith("questions.screen chooses the questions of every round")


def test_something_has_to_be_held_out(components):
    assert held_out_faults(components()) == []
    [fault] = held_out_faults(components("questions.held_out=0"))
    assert fault.startswith("questions.held_out=0 leaves nothing")
