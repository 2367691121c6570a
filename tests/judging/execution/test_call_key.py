from dataclasses import fields, replace

import pytest

from thoughtrank.judging.execution.call_key import call_key
from thoughtrank.judging.protocol import AnswerView, JudgeRequest

REQUEST = JudgeRequest("q", "?", (AnswerView("a", "x"), AnswerView("b", "y")), None, seed=1)
OTHER = {
    "question_id": "r",
    "question": "!",
    "answers": REQUEST.answers[::-1],
    "reference": "x",
    "seed": 2,
    "mode": "score",
    "reverse": True,
}


def test_every_field_of_a_request_is_tried():
    assert set(OTHER) == {field.name for field in fields(JudgeRequest)}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_of_the_request_changes_the_key(name):
    assert call_key(replace(REQUEST, **{name: OTHER[name]}), judge_key="j") != call_key(REQUEST, judge_key="j")


def test_the_judge_changes_the_key_and_nothing_else_does():
    assert call_key(REQUEST, judge_key="j") == call_key(replace(REQUEST), judge_key="j")
    assert call_key(REQUEST, judge_key="j") != call_key(REQUEST, judge_key="k")


def test_a_lone_surrogate_has_a_key():
    odd = replace(REQUEST, answers=(AnswerView("a", "\ud800"),))
    assert len(call_key(odd, judge_key="j")) == 64
