import json
from dataclasses import replace

import pytest

from thoughtrank.records import Question, Turn
from thoughtrank.stages.stage import Stage, question_fields, question_texts


def test_the_inputs_of_questions_are_ids_and_texts_in_order_and_nothing_that_is_not_shown():
    questions = [Question("b", "Why?", answer="so", family="reasons"), Question("a", "How?", unseen=True)]
    assert question_texts(questions) == [["b", "Why?"], ["a", "How?"]]


def test_the_inputs_of_a_stage_that_stores_more_are_all_fields():
    questions = [
        Question("b", "Why?", answer="so", family="reasons"),
        Question("a", "How?", unseen=True, problem="one"),
    ]
    assert question_fields(questions) == [
        ["b", "Why?", "so", "reasons", False, None, (), None],
        ["a", "How?", None, None, True, "one", (), None],
    ]


def test_the_inputs_of_a_question_have_the_turns_before_it():
    plain = Question("a", "How?")
    context = (Turn("user", "Who?"), Turn("assistant", "She."))
    asked, other = replace(plain, context=context), replace(plain, context=context[:1])
    for inputs in (question_texts, question_fields):
        assert len({json.dumps(inputs([each])) for each in (plain, asked, other)}) == 3
    assert question_fields([asked])[0][-1] == (("user", "Who?"), ("assistant", "She."))


def test_a_stage_has_to_state_its_inputs_and_its_work(tmp_path):
    class Forgetful(Stage):
        kind = "candidates"

        def make(self, artifact): ...

    with pytest.raises(TypeError, match="inputs"):
        Forgetful(name="a stage", published=tmp_path)


def test_a_stage_replaces_no_other_artifact_unless_it_says_so(tmp_path):
    class Plain(Stage):
        kind = "candidates"

        def inputs(self):
            return {}

        def make(self, artifact): ...

    assert not Plain(name="a stage", published=tmp_path).replaces({})
