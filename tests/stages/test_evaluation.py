from dataclasses import fields, replace

import pytest
from fake_engine import FakeEngine
from fake_models import CopiedModel
from recipes import forget

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.scoring import ReferenceScorer
from thoughtrank.records import Question
from thoughtrank.stages.evaluation import Evaluation
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.storage.json_files import read_json
from thoughtrank.storage.tables import read_table


class Thinks(FakeEngine):
    """Thinks and is right where nothing is forced, and is wrong without a thought; question 0 never ends its thought."""

    def answer(self, request, branch):
        number = int(request.prompt.partition("What is ")[2].partition(" +")[0])
        if branch.opener:
            return "The answer is 100."
        return "<thought>on and on" if number == 0 else f"<thought>so</thought>It is {number + 1}."


@pytest.fixture
def stage(store, base, questions):
    return Evaluation(
        name="round 1 evaluation",
        published=store.paths.replies(1),
        questions=questions,
        model=base,
        engine=Thinks(),
        reply_tokens=30,
        scorer=ReferenceScorer(),
    )


def test_every_question_is_asked_in_both_arms_and_nothing_is_forced_in_the_first(stage, store):
    rows = read_table(store.complete(stage).published, HeldOutReply)
    assert [(row.question_id, row.arm) for row in rows] == [
        (f"q{number}", arm) for number in range(5) for arm in ("unprefixed", "direct")
    ]
    openers = {branch.opener for group in stage.engine.requested for each in group for branch in each.branches}
    assert openers == {"", "<thought></thought>"}
    assert [len(group) for group in stage.engine.requested] == [1, 2, 2]


def test_a_reply_is_parsed_and_scored_and_an_unclosed_thought_is_wrong(stage, store):
    rows = read_table(store.complete(stage).folder, HeldOutReply)
    open_thought, direct, right = rows[0], rows[1], rows[2]
    assert (open_thought.answer, open_thought.right, open_thought.thought_well_formed) == (None, False, False)
    assert (direct.answer, direct.right) == ("The answer is 100.", False)
    assert (right.answer, right.right, right.thought_well_formed) == ("It is 2.", True, True)
    assert right.reply_tokens == len(right.reply)


def test_a_question_without_reference_is_neither_right_nor_wrong(stage, store, questions):
    open_questions = [Question(each.question_id, each.text) for each in questions]
    artifact = store.complete(replace(stage, questions=open_questions))
    assert {row.right for row in read_table(artifact.folder, HeldOutReply)} == {None}
    assert read_json(artifact.folder / "_evaluation.json")["accuracy"] is None


def test_the_metrics_are_those_of_the_table(stage, store):
    metrics = read_json(store.complete(stage).folder / "_evaluation.json")
    assert (metrics["n"], metrics["accuracy"], metrics["direct_accuracy"], metrics["thought_rate"]) == (5, 0.8, 0, 0.8)


def test_a_resumed_evaluation_asks_the_missing_group_only(stage, store):
    whole = read_table(store.complete(stage).folder, HeldOutReply)
    artifact = store.artifact(stage)
    forget(artifact)
    (artifact.folder / "part-00000.parquet").unlink()
    resumed = replace(stage, engine=Thinks())
    assert read_table(store.complete(resumed).folder, HeldOutReply) == whole
    [[request]] = resumed.engine.requested
    assert "What is 0" in request.prompt


def test_an_engine_that_returns_too_few_replies_is_an_error(stage, store, monkeypatch):
    monkeypatch.setattr("fake_engine.FakeSession.generate", lambda self, requests, **options: [])
    with pytest.raises(ValueError, match="shorter"):
        store.complete(stage)
    assert not store.artifact(stage).done


@pytest.mark.parametrize(
    "change",
    [{"reply_tokens": 31}, {"engine": Thinks(seed=1)}, {"engine": Thinks(replies_per_group=8)}],
    ids=["reply_tokens", "engine", "group size"],
)
def test_what_changes_the_replies_changes_the_inputs(stage, change):
    assert replace(stage, **change).inputs() != stage.inputs()


@pytest.mark.parametrize("field", [field.name for field in fields(Question)])
def test_another_value_of_any_field_of_a_question_changes_the_inputs(stage, questions, field):
    other = [replace(questions[0], **{field: True if field == "unseen" else "other"}), *questions[1:]]
    assert replace(stage, questions=other).inputs() != stage.inputs()


def test_an_edited_family_is_the_one_in_the_table_and_the_metrics(stage, store, questions):
    store.complete(stage)
    edited = [replace(question, family="addition") for question in questions]
    artifact = store.complete(replace(stage, questions=edited, published=store.paths.replies(2)))
    assert {row.family for row in read_table(artifact.folder, HeldOutReply)} == {"addition"}
    assert list(read_json(artifact.folder / "_evaluation.json")["families"]) == ["addition"]


def test_another_scorer_or_model_changes_the_inputs_and_nothing_operational_does(stage, store, monkeypatch, tmp_path):
    before = stage.inputs()
    other = BaseModel.of(CopiedModel(folder=str(tmp_path)), store=store)
    assert replace(stage, model=other).inputs() != before
    same = replace(stage, engine=Thinks(questions_per_group=9, probe_candidates=3), name="another")
    assert same.inputs() == before
    monkeypatch.setattr(ReferenceScorer, "version", 99)
    assert stage.inputs() != before
