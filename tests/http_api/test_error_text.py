"""Statuses that are worth a retry, and messages that name the setting to change."""

import pytest

from thoughtrank.http_api.error_text import (
    is_key_refused,
    is_temporary,
    key_error,
    message_of_body,
    model_error,
    one_line,
)


@pytest.mark.parametrize(
    ("status", "temporary"), [(400, False), (404, False), (408, True), (409, True), (422, False), (429, True)]
)
def test_only_what_may_pass_is_temporary(status, temporary):
    assert is_temporary(status) is temporary


def test_every_error_of_the_server_is_temporary_and_a_refused_key_is_not():
    assert all(map(is_temporary, (500, 502, 503, 529)))
    assert all(map(is_key_refused, (401, 403)))
    assert not any(map(is_temporary, (401, 403)))


def test_a_message_is_one_short_line_without_the_key():
    assert one_line(" bad\n key   secret-1 ", "secret-1") == "bad key [redacted]"
    assert len(one_line("word " * 1000, None)) == 300


def test_what_follows_a_servers_message_follows_one_full_stop():
    message = message_of_body(b'{"error": {"message": "The model `x` does not exist."}}', status=404, key=None)
    error = model_error(
        server="judge x", model="x", message=message, model_setting="judge.model", url_setting="judge.base_url"
    )
    assert "(HTTP 404): The model `x` does not exist. Check judge.model and" in str(error)


def test_a_missing_and_a_wrong_key_name_what_to_do():
    missing = key_error(server="the judge at u", status=401, key_env=None, setting="judge.api_key_env")
    assert str(missing) == "the judge at u requires a key (HTTP 401): name its variable in judge.api_key_env"
    wrong = key_error(server="the judge at u", status=403, key_env="A_KEY", setting="judge.api_key_env")
    assert str(wrong) == "the judge at u does not accept the key in A_KEY (HTTP 403): export another"


def test_an_unknown_model_names_both_settings():
    error = model_error(
        server="s", model="m", message="no such model", model_setting="engine.model", url_setting="engine.base_urls"
    )
    assert "has no model 'm'" in str(error)
    assert "no such model. Check engine.model and engine.base_urls" in str(error)


def test_a_key_that_the_server_repeats_masked_or_cut_is_not_shown():
    text = "Incorrect API key: sk-proj-********cdef. Received='sk-proj-0123', see docs"
    assert one_line(text, "sk-proj-0123456789abcdef") == "Incorrect API key: [redacted] Received='[redacted]', see docs"
    assert one_line("sk-proj-1", None) == "sk-proj-1"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"error": {"message": "too long: key-of-mine", "code": "context"}}', "context too long: [redacted]"),
        (b'{"error": {"message": "too long", "code": 400}}', "too long"),
        (b'{"detail": "no such field", "code": "bad"}', "bad no such field"),
        (b"<html><body>502 Bad\nGateway</body></html>", "502 Bad Gateway"),
        (b"plain \xff", "plain \ufffd"),
        (b"", "Error code: 418"),
    ],
)
def test_the_body_of_an_error_is_read_whatever_its_shape(content, expected):
    assert message_of_body(content, status=418, key="key-of-mine") == expected
