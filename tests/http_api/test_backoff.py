import math

import pytest

from thoughtrank.http_api.backoff import backoff_seconds


@pytest.mark.parametrize("failures", [1, 2, 3, 4])
def test_the_wait_doubles_with_each_failure(failures):
    waits = [backoff_seconds(failures, longest=30.0) for _ in range(50)]
    assert 0.25 * 2 ** (failures - 1) <= min(waits) < max(waits) <= 0.5 * 2 ** (failures - 1)


def test_the_wait_has_an_upper_bound_however_many_attempts_fail():
    assert 4.0 <= backoff_seconds(10**6, longest=8.0) <= 8.0


@pytest.mark.parametrize("stated", [0.0, 0.1])
def test_a_server_that_asks_for_a_shorter_wait_does_not_remove_the_backoff(stated):
    assert backoff_seconds(3, longest=30.0, retry_after=stated) >= 1.0


def test_a_longer_wait_that_the_server_asks_for_is_kept():
    assert math.isclose(backoff_seconds(3, longest=30.0, retry_after=90.0), 90.0)
