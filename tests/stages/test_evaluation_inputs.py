"""What makes an evaluation another one: its inputs, by which finished replies are found again."""

from dataclasses import fields, replace

import pytest
from fake_models import CopiedModel
from thinking_engine import SETTINGS, Thinks, evaluation

from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.records import Question
from thoughtrank.stages.round_models import BaseModel


@pytest.fixture
def stage(store, base, questions):
    return evaluation(store, base, questions)


@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SETTINGS, reply_tokens=31)},
        {"settings": replace(SETTINGS, thought_tokens=31)},
        {"settings": replace(SETTINGS, answer_tokens=31)},
        {"settings": replace(SETTINGS, stem="It is")},
        {"arms": ("thought", "answer_at_once")},
        {"split": "development"},
        {"engine": Thinks(seed=1)},
        {"engine": Thinks(replies_per_group=8)},
    ],
    ids=["reply_tokens", "thought_tokens", "answer_tokens", "stem", "arms", "split", "engine", "group size"],
)
def test_what_changes_the_replies_changes_the_inputs(stage, change):
    assert replace(stage, **change).inputs() != stage.inputs()


@pytest.mark.parametrize("field", [field.name for field in fields(Question)])
def test_another_value_of_any_field_of_a_question_changes_the_inputs(stage, questions, field):
    other = [replace(questions[0], **{field: True if field == "unseen" else "other"}), *questions[1:]]
    assert replace(stage, questions=other).inputs() != stage.inputs()


def test_another_scorer_or_model_changes_the_inputs_and_nothing_operational_does(stage, store, monkeypatch, tmp_path):
    before = stage.inputs()
    other = BaseModel.of(CopiedModel(folder=str(tmp_path)), store=store)
    assert replace(stage, model=other).inputs() != before
    same = replace(stage, engine=Thinks(questions_per_group=9, probe_candidates=3), name="another")
    assert same.inputs() == before
    monkeypatch.setattr(ReferenceScorer, "version", 99)
    assert stage.inputs() != before
