import json

import pytest
from public_replies import streamed

from thoughtrank.judging.openai.streamed_reply import whole_body


def test_the_pieces_of_a_stream_are_one_completion_with_its_usage():
    whole = json.loads(whole_body(streamed("The answer is B.", reasoning="hm")))
    assert whole["choices"][0]["message"] == {"role": "assistant", "content": "The answer is B.", "reasoning": "hm"}
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert (whole["model"], whole["usage"]["total_tokens"]) == ("judge-2024", 1010)


def test_an_error_in_a_stream_is_the_body():
    assert json.loads(whole_body('event: error\ndata: {"error": {"code": 429}}\n\n')) == {"error": {"code": 429}}


def test_a_stream_that_was_cut_has_no_finish_reason():
    whole = json.loads(whole_body(streamed("The answer is B.")[:600]))
    assert whole["choices"][0]["finish_reason"] is None


@pytest.mark.parametrize("body", ['{"choices": []}', "<html>", "", "data: [DONE]\n\n", "data: 7\n\n", ":\n"])
def test_other_bodies_stay_as_they_are(body):
    assert whole_body(body) == body
