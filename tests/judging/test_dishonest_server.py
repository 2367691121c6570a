"""A server that misreports what it bills: whatever it says, a cap of $0.30 holds at the stated prices."""

import json
import math

import pytest
from openai_server import HONEST_USAGE, OpenAIServer, Scripted, completion, error

from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai import requests as openai_requests
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.openai.prompt import render
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, JudgeUnavailable, ReplyUnusable

CAP = 0.30
TRUE_COST = 0.0101
"""US dollars that the server bills for every request it worked on: 1010 tokens at $10 per million."""

REQUESTS = [
    JudgeRequest(f"q{seed}", f"Question {seed}?", tuple(AnswerView(text, text) for text in "abcd"), None, seed)
    for seed in range(33)
]


def usage(prompt, completion_tokens):
    return {"prompt_tokens": prompt, "completion_tokens": completion_tokens}


DISHONEST = {
    "missing": ...,
    "null": None,
    "a text": "1010",
    "empty": {},
    "null counts": usage(None, None),
    "texts": usage("1000", "10"),
    "floats": usage(1000.0, 10.0),
    "nan": usage(math.nan, math.nan),
    "booleans": usage(True, True),
    "negative prompt": usage(-33_000_000, 10),
    "negative completion": usage(1000, -33_000_000),
    "zero": usage(0, 0),
    "no completion": usage(1000, 0),
    "one completion token": usage(1000, 1),
    "far fewer prompt tokens": usage(10, 10),
    "a prompt token for each word": usage(len(render(REQUESTS[0]).text.split()), 10),
    "minus 10 to the 400": usage(-(10**400), 10),
    "10 to the 400": usage(10**400, 10**400),
}

MAYBE_BILLED = {
    **{f"HTTP {status}": Scripted(status, error("oops")) for status in (408, 409, 500, 502, 504, 529)},
    "a proxy's 503": Scripted(503, "<html>upstream reset</html>"),
    "cut": Scripted(200, completion("{}"), cut=True),
    "timeout": Scripted(200, completion("{}"), held=True),
    "an error of 502 in a 200": Scripted(200, {"error": {"code": 502, "message": "provider failed"}}),
    "an error of 504 in a 200": Scripted(200, {"object": "error", "code": "504", "message": "late"}),
    "an error without a status in a 200": Scripted(200, {"error": {"code": "server_error", "message": "oops"}}),
    "no completion": Scripted(200, "<html>hello</html>"),
    "nothing": Scripted(200, ""),
    "a number of 5000 digits": Scripted(200, '{"choices": [], "usage": ' + "9" * 5000 + "}"),
    "blocked by a filter": Scripted(400, error("blocked", code="content_filter")),
    "too long": Scripted(400, error("maximum context length is 10", code="context_length_exceeded")),
}

SURELY_NOT_BILLED = {
    "HTTP 429": Scripted(429, error("slow down")),
    "the API's 503": Scripted(503, error("overloaded")),
    "503 with Retry-After": Scripted(503, "busy", {"Retry-After": "0.01"}),
    "an error of 429 in a 200": Scripted(200, {"error": {"code": 429, "message": "slow down"}}),
    "an error of 503 in a 200": Scripted(200, {"error": {"code": "503", "message": "overloaded"}}),
}


@pytest.fixture
def server():
    running = OpenAIServer()
    yield running
    running.close()


def judge_at(server, **settings):
    defaults = {"model": "m", "base_url": server.url, "api_key_env": None, "max_reply_tokens": 10, "budget": CAP}
    defaults |= {"price_per_million": [10.0, 10.0], "timeout_seconds": 10.0, "concurrency": 4, "max_retries": 8}
    return OpenAICompatibleJudge(**(defaults | settings))


def spend(judge, folder):
    """Ask until the cap is reached; returns what was recorded as spent."""
    with Executor(judge, folder / "_verdicts.jsonl") as executor:
        with pytest.raises(BudgetReached):
            executor.ask(REQUESTS)
        return executor.usage.cost + executor.lost_cost


@pytest.mark.parametrize("kind", ["honest", *DISHONEST])
def test_no_reported_usage_lets_a_run_spend_more_than_its_cap(server, tmp_path, kind, capsys):
    server.usage = HONEST_USAGE if kind == "honest" else DISHONEST[kind]
    recorded = spend(judge_at(server), tmp_path)
    billed = len(server.received) * TRUE_COST
    assert 0 < billed <= CAP
    assert recorded >= billed - 1e-9
    assert ("warning: the judge m" in capsys.readouterr().err) == (kind != "honest")
    # The same command again spends nothing.
    asked = len(server.received)
    assert spend(judge_at(server), tmp_path) == pytest.approx(recorded)
    assert len(server.received) == asked
    assert all(json.loads(line)["usage"]["cost"] >= 0 for line in (tmp_path / "_verdicts.jsonl").open())


def test_a_server_that_charges_for_more_than_was_allowed_is_recorded_and_the_next_calls_reserve_more(
    server, tmp_path, capsys
):
    judge = judge_at(server, concurrency=1)
    bound = judge.upper_bound(REQUESTS[0])
    server.usage = usage(1000, 4000)
    recorded = spend(judge, tmp_path)
    # 1000 tokens of the prompt, and 100 times the limit of the reply.
    assert recorded == pytest.approx(len(server.received) * 0.02)
    assert recorded <= CAP
    assert judge.upper_bound(REQUESTS[0]).completion_tokens == 10 * 100
    assert bound.completion_tokens == 10
    assert "completion_tokens" in capsys.readouterr().err


def test_a_resumed_run_reserves_as_much_as_the_one_that_was_charged_too_much(server, tmp_path):
    server.usage = usage(1000, 400)
    killed = judge_at(server, concurrency=1, budget=100.0)
    with Executor(killed, tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(REQUESTS[:2])
    raised = killed.upper_bound(REQUESTS[0])
    assert raised.completion_tokens == 400
    resumed = judge_at(server, budget=100.0)
    assert resumed.upper_bound(REQUESTS[0]) != raised
    with Executor(resumed, tmp_path / "_verdicts.jsonl") as executor:
        assert resumed.upper_bound(REQUESTS[0]) == raised
        assert executor.lost_cost == pytest.approx(0.0)


@pytest.mark.parametrize("kind", MAYBE_BILLED)
def test_a_failure_that_may_have_been_billed_counts_against_the_cap(server, tmp_path, kind):
    scripted = MAYBE_BILLED[kind]
    # Every other reply is good, so that neither an outage nor wrong settings are suspected.
    server.script.extend([Scripted(200, completion("B > A > C > D")), scripted] * 100)
    judge = judge_at(server, concurrency=1, timeout_seconds=0.2 if scripted.held else 10.0)
    recorded = spend(judge, tmp_path)
    billed = len(server.received) * TRUE_COST
    assert len(server.received) > 5
    assert billed <= CAP
    assert recorded >= billed


@pytest.mark.parametrize("kind", SURELY_NOT_BILLED)
def test_a_failure_before_any_work_costs_nothing(server, tmp_path, kind):
    server.script.extend([SURELY_NOT_BILLED[kind]] * 3)
    with Executor(judge_at(server, concurrency=1), tmp_path / "_verdicts.jsonl") as executor:
        assert [verdict.status for verdict in executor.ask(REQUESTS[:2])] == ["ok"] * 2
        assert executor.usage.cost == pytest.approx(2 * TRUE_COST)
        assert executor.lost_cost == pytest.approx(0.0)
    assert len(server.received) == 5


def test_a_request_that_was_never_sent_costs_nothing(server, tmp_path):
    server.close()
    with Executor(judge_at(server, max_retries=2), tmp_path / "_verdicts.jsonl") as executor:
        with pytest.raises(JudgeUnavailable):
            executor.ask(REQUESTS[:4])
        assert executor.lost_cost == pytest.approx(0.0)


def test_a_reply_that_could_not_be_read_counts_as_paid_also_in_the_next_run(server, tmp_path, monkeypatch):
    def crash(*_arguments):
        raise RecursionError

    judge = judge_at(server)
    bound = judge.upper_bound(REQUESTS[0]).cost
    with monkeypatch.context() as patched, Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        patched.setattr(openai_requests, "parse_ranking", crash)
        with pytest.raises(RecursionError):
            executor.ask(REQUESTS[:1])
        assert executor.lost_cost == pytest.approx(bound)
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(REQUESTS[:1])
        assert executor.lost_cost == pytest.approx(bound)


def test_replies_that_stop_the_run_as_unusable_count_as_paid(server, tmp_path):
    server.script.extend([Scripted(200, "<html>")] * 3)
    judge = judge_at(server, concurrency=1, max_retries=0)
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        with pytest.raises(ReplyUnusable, match=r"judge\.base_url"):
            executor.ask(REQUESTS[:3])
        bounds = [judge.upper_bound(request).cost for request in REQUESTS[:3]]
        assert (executor.usage.cost, executor.lost_cost) == (0.0, pytest.approx(sum(bounds)))
