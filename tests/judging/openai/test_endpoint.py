import pytest
from openai_server import OpenAIServer, Scripted, completion, error

from thoughtrank.errors import UserError
from thoughtrank.judging.openai.endpoint import Connection, Refusal


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "sk-secret-0123456789")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = OpenAIServer()
    yield running
    running.close()


def connection(url, *, api_key_env="JUDGE_KEY"):
    return Connection(model="m", base_url=url, api_key_env=api_key_env, timeout_seconds=10.0)


def arguments(request_format):
    schema = {"response_format": {"type": "json_object"}} if request_format.json_schema else {}
    return {"model": "m", "messages": [{"role": "user", "content": "?"}], request_format.limit_field: 9, **schema}


def test_the_body_comes_back_as_text_without_the_key(server):
    server.script.append(Scripted(200, completion("your key is sk-secret-0123456789")))
    body = connection(server.url).complete(arguments)
    assert "your key is [redacted]" in body
    assert server.keys == ["Bearer sk-secret-0123456789"]


def test_unsupported_features_are_dropped_one_by_one_and_remembered(server):
    server.script.append(Scripted(400, error("response_format is not supported")))
    server.script.append(Scripted(400, error("Use 'max_completion_tokens' instead.")))
    server.script.extend([Scripted(200, completion("fine"))] * 2)
    client = connection(server.url)
    client.complete(arguments)
    client.complete(arguments)
    sent = [sorted(set(body) - {"model", "messages"}) for body in server.bodies]
    assert sent == [
        ["max_tokens", "response_format"],
        ["max_tokens"],
        ["max_completion_tokens"],
        ["max_completion_tokens"],
    ]


def test_a_rejected_request_is_returned_with_its_status(server):
    server.script.append(Scripted(413, error("too large")))
    refusal = connection(server.url).complete(arguments)
    assert isinstance(refusal, Refusal)
    assert refusal.status == "too_long"
    assert refusal.reason.startswith("HTTP 413: ")
    assert "too large" in refusal.reason


def test_another_key_is_used_as_soon_as_it_is_exported(server, monkeypatch):
    server.script.extend([Scripted(200, completion("fine"))] * 2)
    client = connection(server.url)
    client.complete(arguments)
    monkeypatch.setenv("JUDGE_KEY", "sk-another")
    client.complete(arguments)
    assert server.keys == ["Bearer sk-secret-0123456789", "Bearer sk-another"]


def test_a_missing_or_impossible_key_is_reported(monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UserError, match=r"needs JUDGE_KEY: .* or judge\.api_key_env=null for a server without keys"):
        connection("http://h/v1").key()
    with pytest.raises(UserError, match=r"export it, or choose judge=reference\Z"):
        connection(None).key()
    monkeypatch.setenv("JUDGE_KEY", "sk-\u00e9")
    with pytest.raises(UserError, match="export it again"):
        connection("http://h/v1").key()
    assert connection("http://h/v1", api_key_env=None).key() is None


def test_the_url_is_shown_without_secrets(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert connection("http://user:pass@h/v1?token=1").shown_url() == "http://h/v1"
    assert connection(None).shown_url() == "the default endpoint of the openai client"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    assert connection(None).shown_url() == "http://elsewhere/v1"
