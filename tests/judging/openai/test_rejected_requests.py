"""Statuses and words that decide what a rejection means; the vendors' own words are in test_public_reports.py."""

import httpx
import openai
import pytest

from thoughtrank.judging.openai.rejected_requests import (
    lacks_credit,
    rejects_model,
    rejects_reply_limit,
    rejects_schema,
    rejects_temperature,
    requires_max_completion_tokens,
    verdict_status,
)

REQUEST = httpx.Request("POST", "http://h/v1/chat/completions")


def status_error(status, message="no", **body):
    response = httpx.Response(status, request=REQUEST)
    return openai.APIStatusError(message, response=response, body={"message": message, **body})


def test_a_format_that_the_server_does_not_support_is_recognised():
    assert rejects_schema(status_error(400, "response_format json_schema is not supported"))
    assert rejects_schema(status_error(422, "guided decoding is off"))
    assert not rejects_schema(status_error(500, "response_format"))
    assert requires_max_completion_tokens(status_error(400, "Use 'max_completion_tokens' instead"))
    assert not requires_max_completion_tokens(status_error(400, "max_completion_tokens exceeds the maximum context"))


def test_a_parameter_is_recognised_by_the_servers_field_for_it():
    error = status_error(400, "Unsupported value", param="temperature")
    assert rejects_temperature(error)
    assert not rejects_temperature(status_error(500, "temperature of the GPU"))


def test_a_limit_of_the_reply_is_no_limit_of_the_context():
    assert rejects_reply_limit(status_error(400, "max_tokens is too large: 9999"))
    assert verdict_status(status_error(400, "max_tokens is too large: 9999")) == "error"
    assert (
        verdict_status(status_error(400, "max_tokens is too large: 9. The maximum context length is 8")) == "too_long"
    )


@pytest.mark.parametrize("message", ["Too many tokens, please wait before trying again.", "token limit of this minute"])
def test_a_rate_in_tokens_is_no_request_that_is_too_long(message):
    assert verdict_status(status_error(429, message)) == "error"


def test_a_quota_per_minute_is_no_empty_account():
    text = "You exceeded your current quota, please check your plan and billing details. Please retry in 20s"
    assert not lacks_credit(status_error(429, text, code="RESOURCE_EXHAUSTED"))
    assert lacks_credit(status_error(429, text, code="insufficient_quota"))
    assert lacks_credit(status_error(402, "no"))


def test_the_status_of_a_wrong_key_or_url_is_stronger_than_its_words():
    assert [verdict_status(status_error(status, "content filter")) for status in (401, 404)] == ["error"] * 2
    assert rejects_model(status_error(404, "content filter"))
