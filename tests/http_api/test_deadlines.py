"""A server that keeps sending white space is left at the deadline, whatever the timeout of a single read is."""

import openai
import pytest
from openai_server import OpenAIServer, Scripted, completion

from thoughtrank.http_api.clients import open_client

MESSAGES = [{"role": "user", "content": "?"}]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = OpenAIServer()
    yield server
    server.close()


def sent(server, *, timeout_seconds):
    client = open_client(base_url=server.url, key=None, timeout_seconds=timeout_seconds)
    return client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES).http_response.json()


@pytest.mark.parametrize("status", [200, 500])
def test_a_response_that_comes_in_pieces_without_end_is_a_timeout(server, status):
    server.script.append(Scripted(status, completion("late"), trickled=True))
    with pytest.raises(openai.APITimeoutError) as caught:
        sent(server, timeout_seconds=0.5)
    assert str(caught.value.__cause__) == "the reply was not complete after 0.5 seconds"


def test_a_response_that_is_complete_in_time_is_read_to_its_end(server):
    server.script.append(Scripted(200, completion("in time"), trickled=True))
    body = sent(server, timeout_seconds=60.0)
    assert body["choices"][0]["message"]["content"] == "in time"
