import json

import httpx
import openai
import pytest

from thoughtrank.http_api.error_body import error_names, error_words, parsed_body
from thoughtrank.http_api.error_text import message_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "no such field"}}, "no such field"),
        ({"error": "no such field"}, "no such field"),
        ({"detail": "no such field"}, "no such field"),
        ({"message": {"detail": [{"loc": ["body", "strict"], "msg": "extra"}]}}, "body.strict: extra"),
        ([{"error": {"code": 400, "message": "no such field"}}], "no such field"),
        (
            {"detail": [{"loc": ["a"], "msg": "one", "input": "SECRET"}, {"loc": ["b", 0], "msg": "two"}]},
            "a: one; b.0: two",
        ),
        ({"title": "Bad Request", "errors": {"strict": ["is unknown"]}}, "strict: is unknown; Bad Request"),
        ({"status": "fail", "info": "no such field", "request_id": "r-1"}, "no such field"),
        ({"error": {"message": "Provider", "metadata": {"raw": '{"error": {"message": "inner"}}'}}}, "Provider; inner"),
        ({"error": {"message": "twice"}, "message": "twice"}, "twice"),
        ("plain\n  text", "plain text"),
        ("<html><style>p {}</style><title>502</title><h1>Bad &amp; ugly</h1></html>", "502 Bad & ugly"),
        (None, ""),
        ([[[[[[[[[["too deep"]]]]]]]]]], ""),
    ],
)
def test_the_words_are_found_in_every_shape(body, words):
    assert error_words(body) == words


def test_names_for_programs_are_found_at_any_depth_and_echoes_of_the_request_are_not():
    body = {"error": {"code": 400, "innererror": {"code": "Policy"}}, "type": "bad", "prompt": {"code": "mine"}}
    assert error_names(body) == ["bad", "400", "Policy"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (json.dumps({"error": "Bad Request", "message": "the field strict"}), "the field strict; Bad Request"),
        (json.dumps({"error": {"message": "too much", "code": "limit"}}), "limit too much"),
        (json.dumps({"error": {"message": "too much", "code": 400}}), "too much"),
        ("upstream reset", "upstream reset"),
        ("", "Error code: 400"),
    ],
)
def test_a_message_has_the_servers_words_and_what_the_client_left_out(body, shown):
    response = httpx.Response(400, text=body, request=httpx.Request("POST", "http://h/v1"))
    client = openai.OpenAI(api_key="none")
    error = client._make_status_error_from_response(response)
    assert message_of(error, None) == shown
    assert parsed_body(error) == (json.loads(body) if body.startswith("{") else body or "")
