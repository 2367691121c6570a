import pytest

from thoughtrank.http_api import backoff


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Milliseconds between attempts."""
    monkeypatch.setattr(backoff, "_FIRST_WAIT", 0.001)
