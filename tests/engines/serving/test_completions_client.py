"""Temporary failures are retried, on another server if there is one; permanent ones raise at once."""

import random
from dataclasses import replace

import pytest
from completions_server import CompletionsServer, Fault
from served_generation import engine, prefixed, write

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.serving.completion_request import CompletionRequest
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.server_pool import InterruptedRequestError
from thoughtrank.errors import UserError
from thoughtrank.http_api.model_list import ServedModel


def test_temporary_failures_lose_no_branch_and_repeat_no_completed_request(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    faults = [
        Fault(status=429, body={"error": {"message": "slow down"}}, headers={"Retry-After": "0.2"}),
        Fault(status=429, body={"error": {"message": "slow down"}}),
        Fault(status=503, headers={"Retry-After": "soon"}),
        Fault(status=500, body="Internal Server Error"),
        Fault(body='{"choices": [{"text": "half of a', cut=True),
        Fault(body="<html>proxy</html>"),
        Fault(body={"choices": []}),
        Fault(body={"choices": [{"text": None, "finish_reason": "stop"}]}),
        Fault(body={"choices": [{"text": "x", "finish_reason": "content_filter"}]}),
        Fault(body="[]"),
        Fault(body="\x00\xff"),
    ]
    script = [*faults, *[None] * 12]
    random.Random(3).shuffle(script)
    server.script.extend(script)
    written, facts = write(engine(server), tiny_folder, requests)
    assert written == expected
    assert server.asked_again_after_success() == []
    assert len(server.received) == len(server.completed) + len(faults)
    assert facts["retries"] == len(faults)
    assert facts["replies"] == len(server.completed)


def test_a_request_that_times_out_is_repeated(server, tiny_folder):
    requests = prefixed(tiny_folder, "a")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.script.append(Fault(delay=4.0, body={"choices": []}))
    written, facts = write(engine(server, timeout_seconds=2.5), tiny_folder, requests)
    assert written == expected
    assert facts["retries"] >= 1


def test_retry_after_is_kept(server, tiny_folder):
    server.script.append(Fault(status=429, headers={"Retry-After": "1"}))
    write(
        engine(server), tiny_folder, [replace(each, branches=each.branches[:1]) for each in prefixed(tiny_folder, "a")]
    )
    waited = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert max(waited) >= 0.9


def test_a_retry_after_of_0_keeps_the_backoff(server, monkeypatch):
    server.script.extend([Fault(status=429, headers={"Retry-After": "0"})] * 2)
    made = client(server.url)
    pause, waited = made._pool.pause, []

    def recorded(server, *, seconds):
        waited.append(seconds)
        pause(server, seconds=seconds)

    monkeypatch.setattr(made._pool, "pause", recorded)
    made.complete(CompletionRequest(BODY))
    assert 0.005 <= waited[0] <= 0.01 <= waited[1] <= 0.02


def test_requests_are_distributed_and_a_dead_server_is_avoided(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    other = CompletionsServer(tiny_folder)
    try:
        assert write(engine(server, other), tiny_folder, requests)[0] == expected
        assert min(len(server.completed), len(other.completed)) >= 6
        before = len(server.completed)
        other.script.extend([Fault(cut=True)] * 1000)
        assert write(engine(server, other), tiny_folder, requests)[0] == expected
        assert len(server.completed) == before + 24
    finally:
        other.close()


@pytest.mark.parametrize(
    ("status", "options", "expected"),
    [
        (401, {}, r"requires a key \(HTTP 401\): name its variable in engine.api_key_env"),
        (403, {"api_key_env": "A_KEY"}, "does not accept the key in A_KEY"),
        (404, {"model": "nobody"}, "has no model 'nobody'"),
        (400, {}, "refuses a request: HTTP 400"),
    ],
)
def test_permanent_errors_raise_at_once(server, tiny_folder, monkeypatch, status, options, expected):
    monkeypatch.setenv("A_KEY", "canary-key-77aa")
    server.script.extend([Fault(status=status, body={"error": {"message": "no: canary-key-77aa"}})] * 50)
    with pytest.raises(UserError, match=expected) as caught:
        write(engine(server, **options), tiny_folder, prefixed(tiny_folder, "ab"))
    if options.get("api_key_env"):
        assert "canary" not in str(caught.value)
        assert server.keys == {"Bearer canary-key-77aa"}
    assert len(server.received) <= 4


def test_an_unreachable_server_raises_before_any_request(tiny_folder):
    with pytest.raises(UserError, match="no completions server at"):
        OpenAIEngine(base_urls=["http://127.0.0.1:9/v1"], max_retries=0).open(tiny_folder)


def client(*urls, **options):
    settings = {"model": "tiny", "api_key_env": None, "timeout_seconds": 20.0, "max_retries": 2} | options
    return CompletionsClient(base_urls=urls, **settings)


BODY = {"prompt": [5, 6, 7], "max_tokens": 2, "temperature": 0.0}


def test_fields_of_a_server_s_own_are_sent_as_they_are(server):
    made = client(server.url)
    assert made.complete(CompletionRequest(BODY | {"return_token_ids": True})).token_ids is not None
    [received] = server.received
    assert received | BODY == received
    assert (received["model"], received["stream"], received["return_token_ids"]) == ("tiny", False, True)


@pytest.mark.parametrize("fault", [None, Fault(status=429), Fault(cut=True), Fault(body="garbage"), Fault(status=500)])
def test_a_server_behind_a_proxy_or_with_tls_is_asked_through_the_client_of_the_library(server, monkeypatch, fault):
    monkeypatch.setattr("thoughtrank.engines.serving.server_pool.is_direct", lambda url: False)
    made = client(server.url)
    assert made._pool.servers[0].direct is None
    server.script.append(fault)
    assert made.complete(CompletionRequest(BODY | {"return_token_ids": True})).token_ids is not None
    assert made.retries == (fault is not None)
    assert (server.received[0]["model"], server.received[0]["prompt"]) == ("tiny", [5, 6, 7])


def test_a_refusal_through_the_client_of_the_library_has_the_server_s_words(server, monkeypatch):
    monkeypatch.setattr("thoughtrank.engines.serving.server_pool.is_direct", lambda url: False)
    server.script.append(Fault(status=400, body={"error": {"message": "too long"}}))
    with pytest.raises(UserError, match="refuses a request: HTTP 400: too long"):
        client(server.url).complete(CompletionRequest(BODY))


def test_messages_name_the_proxy_that_requests_pass_through(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    said = r"completions server at http://localhost:8000/v1 \(through the proxy in HTTP_PROXY\)"
    with pytest.raises(UserError, match=f"the {said} is not available"):
        client("http://localhost:8000/v1", max_retries=0).complete(CompletionRequest(BODY))
    with pytest.raises(UserError, match=f"no {said}"):
        client("http://localhost:8000/v1", max_retries=0).models()


def test_a_redirect_is_followed(server):
    server.script.append(Fault(status=307, headers={"Location": f"{server.url}/completions"}))
    server.script.append(Fault(status=307, headers={"Location": f"{server.url}/completions"}))
    made = client(server.url)
    made.complete(CompletionRequest(BODY))
    assert made.retries == 0
    assert [request["prompt"] for request in server.received] == [[5, 6, 7]] * 3


def test_a_wait_longer_than_ten_minutes_counts_as_unavailable(server):
    server.script.append(Fault(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(UserError, match="is not available: HTTP 429"):
        client(server.url).complete(CompletionRequest(BODY))
    assert len(server.received) == 1


def test_retries_are_limited_and_counted(server):
    server.script.extend([Fault(status=500)] * 3)
    made = client(server.url)
    with pytest.raises(UserError, match="run the same command again to resume"):
        made.complete(CompletionRequest(BODY))
    assert (made.retries, len(server.received)) == (2, 3)
    made.complete(CompletionRequest(BODY))


def test_model_lists_are_read_and_servers_without_one_are_left_out(server):
    server.models, server.root = ["one", "two"], "/folder"
    made = client(server.url)
    assert made.models() == {server.url: [ServedModel("one", "/folder"), ServedModel("two", "/folder")]}
    server.models, server.root = [7], None
    assert made.models() == {server.url: []}


def test_a_stopped_client_makes_no_attempt(server):
    made = client(server.url)
    made.stop()
    with pytest.raises(InterruptedRequestError):
        made.complete(CompletionRequest(BODY))
    assert server.received == []
