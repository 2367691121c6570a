import httpx
import openai
import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.openai.rejected_requests import verdict_status
from thoughtrank.judging.openai.server_errors import raise_unless_rejected
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable

REQUEST = httpx.Request("POST", "http://h/v1/chat/completions")


def status_error(status, message="no", *, headers=None, **body):
    response = httpx.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError(message, response=response, body={"message": message, **body})


def raised(error):
    with pytest.raises((AttemptFailed, UserError)) as caught:
        raise_unless_rejected(error, judge="the judge at http://h/v1", key="sk-secret", key_env="KEY", model="m")
    return caught.value


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
    raise_unless_rejected(error, judge="the judge at http://h/v1", key=None, key_env=None, model="m")
    assert verdict_status(error) == expected


@pytest.mark.parametrize(
    ("status", "maybe_charged"), [(408, True), (409, True), (429, False), (500, True), (503, False), (504, True)]
)
def test_temporary_errors_may_be_retried_and_only_those_before_any_work_were_surely_not_charged(status, maybe_charged):
    failure = raised(status_error(status, "busy sk-secret", headers={"retry-after": "7"}))
    assert isinstance(failure, AttemptFailed)
    assert (failure.retry_after, failure.maybe_charged) == (7.0, maybe_charged)
    assert "sk-secret" not in failure.what


@pytest.mark.parametrize("message", ["Please try again in 20s.", "quota; @type: RetryInfo; retryDelay: 20s"])
def test_a_wait_that_only_the_words_state_is_waited_for(message):
    assert raised(status_error(429, message)).retry_after == 20.0


def test_a_proxys_503_may_come_after_the_work_and_the_apis_own_does_not():
    proxys = openai.APIStatusError("no", response=httpx.Response(503, request=REQUEST), body="upstream reset")
    assert raised(proxys).maybe_charged
    assert not raised(status_error(503, "overloaded")).maybe_charged


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


@pytest.mark.parametrize(
    "error",
    [
        status_error(403, "API rate limit exceeded"),
        status_error(400, "Too many concurrent requests", code="concurrency_limit"),
    ],
)
def test_a_rate_is_retried_also_under_the_status_of_a_wrong_request(error):
    assert isinstance(raised(error), AttemptFailed)


def test_a_used_up_quota_is_not_retried():
    assert isinstance(raised(status_error(429, "check your plan", code="insufficient_quota")), JudgeUnavailable)


def test_a_certificate_that_is_not_trusted_is_one_message_with_the_way_out_and_no_further_attempt():
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = httpx.ConnectError(
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
    )
    failure = raised(error)
    assert isinstance(failure, UserError)
    assert str(failure).startswith(
        "the judge at http://h/v1: its certificate is not trusted (self-signed certificate)."
    )
    assert "SSL_CERT_FILE" in str(failure)
