"""Fixtures that the tests of engines on completions servers share."""

import pytest
from completions_server import CompletionsServer

from thoughtrank.engines.serving import completions_client


@pytest.fixture(scope="module")
def running(tiny_folder):
    server = CompletionsServer(tiny_folder)
    yield server
    server.close()


@pytest.fixture
def server(running, monkeypatch):
    """The server of this module without a script or a memory of earlier tests."""
    monkeypatch.setattr(completions_client, "_FIRST_WAIT", 0.01)
    running.script.clear()
    running.received, running.completed, running.keys, running.times = [], [], set(), []
    running.rewrite = lambda request, reply: reply
    running.returns_logprobs = True
    running.models, running.root, running.most_running = ["tiny"], None, 0
    return running
