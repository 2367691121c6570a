import json

import httpx
import openai
import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.openai.server_errors import (
    error_in_body,
    raise_unless_rejected,
    rejects_schema,
    requires_max_completion_tokens,
    verdict_status,
)
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable

REQUEST = httpx.Request("POST", "http://h/v1/chat/completions")


def status_error(status, message="no", *, headers=None, **body):
    response = httpx.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError(message, response=response, body={"message": message, **body})


def raised(error):
    with pytest.raises((AttemptFailed, UserError)) as caught:
        raise_unless_rejected(error, url="http://h/v1", key="sk-secret", key_env="KEY", model="m")
    return caught.value


def test_a_format_that_the_server_does_not_support_is_recognised():
    assert rejects_schema(status_error(400, "response_format json_schema is not supported"))
    assert rejects_schema(status_error(422, "guided decoding is off"))
    assert not rejects_schema(status_error(500, "response_format"))
    assert requires_max_completion_tokens(status_error(400, "Use 'max_completion_tokens' instead"))
    assert not requires_max_completion_tokens(status_error(400, "max_completion_tokens exceeds the maximum context"))


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (400, "maximum context length is 8192", "too_long"),
        (413, "payload too large", "too_long"),
        (400, "blocked by the content filter", "refused"),
        (400, "something else", "error"),
    ],
)
def test_a_rejected_request_is_an_outcome(status, message, expected):
    error = status_error(status, message)
    raise_unless_rejected(error, url="http://h/v1", key=None, key_env=None, model="m")
    assert verdict_status(error) == expected


@pytest.mark.parametrize(
    ("status", "maybe_charged"), [(408, True), (409, True), (429, False), (500, True), (503, False), (504, True)]
)
def test_temporary_errors_may_be_retried_and_only_those_before_any_work_were_surely_not_charged(status, maybe_charged):
    failure = raised(status_error(status, "busy sk-secret", headers={"retry-after": "7"}))
    assert isinstance(failure, AttemptFailed)
    assert (failure.retry_after, failure.maybe_charged) == (7.0, maybe_charged)
    assert "sk-secret" not in failure.what


def test_a_proxys_503_may_come_after_the_work_and_the_apis_own_does_not():
    proxys = openai.APIStatusError("no", response=httpx.Response(503, request=REQUEST), body="upstream reset")
    assert raised(proxys).maybe_charged
    assert not raised(status_error(503, "overloaded")).maybe_charged


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


def test_a_lost_connection_may_have_been_charged_and_one_that_was_never_made_not():
    lost = openai.APIConnectionError(request=REQUEST)
    lost.__cause__ = httpx.ReadTimeout("late")
    never = openai.APIConnectionError(request=REQUEST)
    never.__cause__ = httpx.ConnectError("nobody there")
    assert raised(lost).maybe_charged
    assert not raised(never).maybe_charged


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (status_error(401), "KEY"),
        (status_error(403), "KEY"),
        (status_error(404), "judge.model"),
        (status_error(400, "temperature is unsupported"), "judge.temperature=null"),
        (status_error(400, "bad value", param="temperature"), "judge.temperature=null"),
    ],
)
def test_wrong_settings_are_the_users_to_fix(error, words):
    fault = raised(error)
    assert isinstance(fault, UserError)
    assert words in str(fault)


def test_a_used_up_quota_is_not_retried():
    assert isinstance(raised(status_error(429, "check your plan", code="insufficient_quota")), JudgeUnavailable)
