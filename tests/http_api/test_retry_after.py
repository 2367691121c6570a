"""The header comes in several forms, and some servers send nonsense."""

from email.utils import formatdate
from time import time

import pytest

from thoughtrank.http_api.retry_after import retry_after_in_words, retry_after_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-7"}, 0.0),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert retry_after_seconds(headers) == seconds


def test_a_date_counts_from_now():
    assert 25 < retry_after_seconds({"retry-after": formatdate(time() + 30, usegmt=True)}) < 31


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Rate limit reached for gpt-4o. Please try again in 20s.", 20.0),
        ("Please try again in 1.5 seconds, or", 1.5),
        ("Please retry in 250ms.", 0.25),
        ("try again in 6m0s", 360.0),
        ("Try again in 2 minutes", 120.0),
        ("quota exceeded; retryDelay: 34.07s", 34.07),
        ("please retry after 7 sec", 7.0),
        ("Please try again later.", None),
        ("try again in a moment", None),
        ("retry 3 of 5", None),
    ],
)
def test_the_words_of_an_error_state_a_wait(text, seconds):
    assert retry_after_in_words(text) == seconds
