import pytest
from openai_server import OpenAIServer
from served_judge import KEY


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = OpenAIServer()
    yield server
    server.close()
