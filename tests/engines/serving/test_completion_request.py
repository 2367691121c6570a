"""A request's JSON: a key for the log, and what is sent."""

import json
from hashlib import sha256

import pytest

from thoughtrank.engines.serving.completion_request import CompletionRequest

BODY = {
    "prompt": [3, 1, 2],
    "max_tokens": 3,
    "stop": ["ü", '"'],
    "logit_bias": {"7": -100, "1": 0.5},
    "echo": True,
    "seed": None,
}


def test_the_key_is_that_of_earlier_versions_and_the_order_of_fields_means_nothing():
    expected = sha256(json.dumps(BODY, sort_keys=True).encode()).hexdigest()
    assert CompletionRequest(BODY).key == expected
    assert CompletionRequest(dict(reversed(BODY.items()))).key == expected
    assert CompletionRequest(BODY | {"max_tokens": 4}).key != expected


@pytest.mark.parametrize("body", [BODY, {}, {"model": "own"}, {"prompt": "p", "stream": True}])
@pytest.mark.parametrize("defaults", [{"model": 'a"b', "stream": False}, {"model": "m"}, {}])
def test_what_is_sent_has_every_field_once_and_those_of_the_body_win(body, defaults):
    pairs = json.loads(CompletionRequest(body).json_with(defaults), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    assert json.loads(CompletionRequest(body).json_with(defaults)) == {**defaults, **body}
