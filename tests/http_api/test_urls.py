"""URLs in messages carry no secrets."""

import pytest

from thoughtrank.http_api.urls import is_http_url, shown_url


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


def test_a_url_without_a_scheme_is_no_http_url():
    assert is_http_url("http://localhost:8000/v1")
    assert is_http_url("https://h")
    assert not is_http_url("localhost:8000/v1")
    assert not is_http_url("ftp://h")
