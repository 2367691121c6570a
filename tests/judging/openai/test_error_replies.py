import json

import httpx
import pytest

from thoughtrank.judging.openai.error_replies import (
    blocked_prompt,
    error_in_body,
    temporary_failure,
    unstated_error_in_body,
)

REQUEST = httpx.Request("POST", "http://h/v1/chat/completions")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"code": 429, "message": "slow"}}, 429),
        ({"error": {"code": "502", "message": "bad"}}, 502),
        ({"error": {"status": 503}, "choices": []}, 503),
        ({"object": "error", "code": 400, "message": "no"}, 400),
        ({"error": {"code": "rate_limit"}}, None),
        ({"error": {"code": 200}}, None),
        ({"error": "429"}, None),
        ({"error": {"code": 429}, "choices": [{}]}, None),
        ([], None),
        ("[" * 100_000, None),
    ],
)
def test_an_error_in_the_body_of_a_200_counts_as_the_status_it_states(body, status):
    response = httpx.Response(200, headers={"retry-after": "3"}, request=REQUEST)
    error = error_in_body(response, body if isinstance(body, str) else json.dumps(body))
    assert (error and error.status_code) == status
    assert error is None or error.response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    "body", [{"error": {"code": "bad", "message": "strict?"}}, {"error": "strict?"}, {"detail": "strict?"}]
)
def test_an_error_without_a_status_counts_as_a_rejected_request(body):
    error = unstated_error_in_body(httpx.Response(200, request=REQUEST), json.dumps(body))
    assert (error.status_code, error.message) == (400, "strict?")
    assert temporary_failure(json.dumps(body)) is None


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}], "error": None},
        {"id": "c"},
        {"error": {"code": 400}},
    ],
)
def test_a_completion_and_a_stated_status_are_no_error_without_one(body):
    assert unstated_error_in_body(httpx.Response(200, request=REQUEST), json.dumps(body)) is None
    assert temporary_failure(json.dumps(body)) is None


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"error": "the model is overloaded"}, "the reply is an error: the model is overloaded"),
        ({"error": {"type": "server_error"}}, "the reply is an error"),
        (
            {"choices": [{"finish_reason": "error", "error": {"message": "lost"}}]},
            "the reply ended with error: lost",
        ),
        ({"choices": [{"finish_reason": "abort"}]}, "the reply ended with abort: no reason is stated"),
        ({"choices": [{"error": {"message": "lost"}}]}, "the reply contains an error: lost"),
    ],
)
def test_a_failure_of_the_server_is_temporary(body, what):
    assert what in temporary_failure(json.dumps(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "no weapons"}, "candidates": []},
            "SAFETY: no weapons",
        ),
        ({"choices": [], "prompt_feedback": {"block_reason": 2}}, "2"),
        ({"choices": [{"message": None}], "promptFeedback": {"blockReason": "OTHER"}}, "OTHER"),
        ({"choices": [{"message": {"content": "A"}}], "promptFeedback": {"blockReason": "OTHER"}}, None),
        ({"choices": [{"text": "A"}], "promptFeedback": {"blockReason": "OTHER"}}, None),
        ({"promptFeedback": {"safetyRatings": []}}, None),
        ({"promptFeedback": "SAFETY", "prompt_filter_results": 3}, None),
        ({"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": False}, "x": 1}}, 7]}, None),
        ([], None),
    ],
)
def test_a_blocked_prompt_has_its_reason_and_no_reply(body, reason):
    assert blocked_prompt(json.dumps(body)) == reason
