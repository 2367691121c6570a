"""URLs in messages carry no secrets, and a URL that contains one is refused without showing it."""

import pytest

from thoughtrank.http_api.urls import shown_url, url_faults


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/v1", "https://h/v1"),
        ("http://user:secret@host:8000/v1?key=secret#secret", "http://host:8000/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_users_passwords_queries_and_fragments_are_left_out(url, shown):
    assert shown_url(url) == shown


def faults(url):
    return url_faults(url, setting="judge.base_url", key_setting="judge.api_key_env")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "https://h",
        "HTTP://[::1]:8000/v1",
        "http://[fe80::1%eth0]:8000/v1",
        "https://h/v1?api-version=2024-10-21-preview",
    ],
)
def test_the_url_of_a_server_is_accepted(url):
    assert faults(url) == []


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://h",
        "http://[bad",
        "http://",
        "http://h:port/v1",
        "http://h:99999",
        "https://h h/v1",
        "http://u%3Apw%40h/v1",
    ],
)
def test_what_is_no_url_of_a_server_is_refused(url):
    [fault] = faults(url)
    assert "judge.base_url is no URL of a server" in fault


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://user:canary@h/v1", "user name or password"),
        ("http://canary@h/v1", "user name or password"),
        ("http://h/v1?key=canary", "query"),
        ("http://h/v1?api-version=1&sig=canary", "query"),
        ("http://h/v1?api-version=1%26key=canary", "query"),
        ("http://h/v1?canary", "query"),
        ("http://h/v1#canary", "query"),
    ],
)
def test_a_url_with_a_secret_is_refused_and_not_shown(url, named):
    [fault] = faults(url)
    assert fault.startswith("judge.base_url must not contain")
    assert named in fault
    assert "judge.api_key_env" in fault
    assert "canary" not in fault


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions/", "/chat/completions?api-version=1"])
def test_the_url_of_a_single_call_is_a_fault(path):
    [fault] = url_faults(f"https://h{path}", setting="judge.base_url", key_setting="judge.api_key_env")
    assert "leave out /chat/completions" in fault
