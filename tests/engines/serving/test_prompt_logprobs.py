"""Both ways in which servers return log-probabilities of a prompt are read; anything else is malformed."""

import json

import pytest

from thoughtrank.engines.serving.prompt_logprobs import PromptLogprobs, read_prompt_logprobs

TABLE = {
    "tokens": ["The", " answer", " is", " 4"],
    "token_logprobs": [None, -1.0, -0.5, -0.25],
    "top_logprobs": [None, {" answer": -1.0}, {" is": -0.5}, {" 4": -0.25, " 5": -2.0}],
}


def body(choice, **usage):
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def test_an_echoed_prompt_is_told_from_the_generated_token():
    expected = PromptLogprobs(["The", " answer", " is"], [None, -1.0, -0.5], {" 4": -0.25, " 5": -2.0})
    assert read_prompt_logprobs(body({"logprobs": TABLE}, prompt_tokens=3)) == expected
    assert read_prompt_logprobs(body({"logprobs": TABLE})) == expected


def test_a_server_may_leave_out_a_generated_end_of_turn():
    found = read_prompt_logprobs(body({"logprobs": TABLE}, prompt_tokens=4))
    assert (found.logprobs, found.following) == ([None, -1.0, -0.5, -0.25], {})


def test_vllms_own_field_is_read():
    own = [None, {"17": {"logprob": -1.5, "rank": 1}}, {"4": {"logprob": -3.0}, "5": {"logprob": -0.1}}]
    table = {"tokens": ["."], "token_logprobs": [-0.1], "top_logprobs": [{".": -0.1}]}
    found = read_prompt_logprobs(body({"logprobs": table, "prompt_logprobs": own}))
    assert found == PromptLogprobs([], [None, -1.5, -3.0], {".": -0.1})


@pytest.mark.parametrize(
    "choice",
    [
        {"text": "4"},
        {"logprobs": None},
        {"logprobs": {"tokens": [], "token_logprobs": [], "top_logprobs": []}},
        {"logprobs": {**TABLE, "token_logprobs": [None, None, None, -0.25]}},
        {"logprobs": {"content": []}},
    ],
)
def test_a_body_without_them_is_malformed(choice):
    with pytest.raises(ValueError, match="no log-probabilities of the prompt"):
        read_prompt_logprobs(body(choice, prompt_tokens=3))


@pytest.mark.parametrize("content", [b"garbage", b"[]", b'{"choices": []}', b'{"choices": [{}, {}]}'])
def test_another_body_is_malformed(content):
    with pytest.raises(ValueError, match=r"no log-probabilities|Expecting value"):
        read_prompt_logprobs(content)
