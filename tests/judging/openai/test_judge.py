"""What the judge sends, what its verdicts record, and its settings."""

import json
import math
from dataclasses import replace

import pytest
from openai_server import Scripted, completion
from served_judge import BY_TEXT, KEY, REQUEST, judge_at

from thoughtrank.judging.openai.judge import OpenAICompatibleJudge


def test_a_ranking_comes_back_in_answer_ids(server):
    verdict = judge_at(server, price_per_million=[2.5, 10.0]).judge(REQUEST)
    assert verdict.status == "ok"
    assert verdict.groups == BY_TEXT
    assert verdict.model == "judge-2024"
    assert (verdict.usage.prompt_tokens, verdict.usage.completion_tokens) == (1000, 10)
    assert verdict.usage.cost == pytest.approx(1000 * 2.5e-6 + 10 * 10e-6)
    assert len(verdict.prompt_hash) == 64
    assert json.loads(verdict.reply)["ranking"]
    (body,) = server.bodies
    assert body["temperature"] == 0.0
    assert body["response_format"]["json_schema"]["strict"] is True
    assert server.keys == [f"Bearer {KEY}"]


def test_temperature_null_is_left_out_and_no_key_sends_a_dummy(server):
    judge_at(server, temperature=None, api_key_env=None).judge(REQUEST)
    assert "temperature" not in server.bodies[0]
    assert server.keys == ["Bearer none"]


def test_one_answer_is_graded(server):
    request = replace(REQUEST, answers=REQUEST.answers[:1], mode="score")
    server.script.extend([Scripted(200, completion('{"grade": 7}')), Scripted(200, completion('{"grade": 11}'))])
    judge = judge_at(server)
    verdict = judge.judge(request)
    assert (verdict.status, verdict.scores, verdict.groups) == ("ok", (("idcherry", 7.0),), ())
    assert judge.judge(request).status == "malformed"
    schema = server.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"grade": {"type": "integer", "enum": list(range(1, 11))}}


def test_a_verdict_records_what_was_shown_and_sent(server):
    verdict = judge_at(server, criteria="Prefer red fruit.").judge(REQUEST)
    assert verdict.prompt == server.bodies[0]["messages"][0]["content"]
    assert "Prefer red fruit." in verdict.prompt
    assert sorted(verdict.shown) == sorted(answer.answer_id for answer in REQUEST.answers)
    reversed_verdict = judge_at(server).judge(replace(REQUEST, reverse=True))
    assert reversed_verdict.shown == verdict.shown[::-1]
    assert reversed_verdict.groups == verdict.groups


def test_no_attempt_takes_more_than_its_upper_bound(server):
    judge = judge_at(server, price_per_million=[2.5, 10.0])
    bound = judge.upper_bound(REQUEST)
    judge.judge(REQUEST)
    assert bound.prompt_tokens >= len(json.dumps(server.bodies[0]))
    assert bound.completion_tokens == server.bodies[0]["max_tokens"]
    assert bound.cost == pytest.approx((bound.prompt_tokens * 2.5 + bound.completion_tokens * 10.0) / 1e6)


def test_the_server_receives_the_question_and_the_answers_only(server):
    judge_at(server).judge(REQUEST)
    (body,) = server.bodies
    assert set(body) == {"model", "messages", "max_tokens", "temperature", "response_format"}
    text = json.dumps(body)
    for answer in REQUEST.answers:
        assert text.count(answer.text) == 1
        assert answer.answer_id not in text
    assert "q1" not in text


def test_faults_name_what_is_missing(monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    judge = OpenAICompatibleJudge(
        model="m",
        base_url="localhost:8000",
        api_key_env="JUDGE_KEY",
        concurrency=0,
        price_per_million=[1.0],
        requests_per_minute=0,
        audit_share=2,
        max_retries=-1,
    )
    faults = "\n".join(judge.faults())
    for said in (
        *("JUDGE_KEY: export it, or choose judge=reference", "http://", "concurrency", "price_per_million"),
        *("requests_per_minute", "audit_share", "max_retries"),
    ):
        assert said in faults
    [fault] = OpenAICompatibleJudge(model="m", base_url="http://h/v1", api_key_env=None, budget=5.0).faults()
    assert "judge.budget needs a price" in fault
    assert OpenAICompatibleJudge(model="m", base_url=None, api_key_env=None).faults() == []
    [fault] = OpenAICompatibleJudge(model=" ", base_url="http://h/v1", api_key_env=None).faults()
    assert "judge.model is empty" in fault


def test_a_url_that_is_none_is_named_beside_a_budget_without_a_price():
    faults = OpenAICompatibleJudge(model="m", base_url="http://[bad", api_key_env=None, budget=5.0).faults()
    assert [clue in fault for fault, clue in zip(faults, ("is no URL", "needs a price"), strict=True)] == [True, True]


@pytest.mark.parametrize("amount", [math.nan, math.inf, -1.0, 10**400])
def test_prices_and_budgets_that_are_no_amounts_are_refused(amount):
    settings = {"model": "m", "base_url": "http://h/v1", "api_key_env": None}
    [fault] = OpenAICompatibleJudge(**settings, price_per_million=[1.0, amount], budget=1.0).faults()
    assert "judge.price_per_million" in fault
    [fault] = OpenAICompatibleJudge(**settings, price_per_million=[1.0, 1.0], budget=amount).faults()
    assert "judge.budget must be a number of 0 or more" in fault
    assert OpenAICompatibleJudge(**settings, price_per_million=[0.0, 1.0], budget=0.0).faults() == []


def test_identity_has_the_url_without_secrets_and_no_timeouts(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    def identity(**settings):
        defaults = {"model": "m", "base_url": "http://h/v1", "api_key_env": None}
        return OpenAICompatibleJudge(**(defaults | settings)).identity()

    assert identity(base_url="http://user:pass@h:1/v1?token=t")["base_url"] == "http://h:1/v1"
    operational = {"budget": 1.0, "requests_per_minute": 1, "tokens_per_minute": 1, "price_per_million": [1, 1]}
    operational |= {"timeout_seconds": 1.0, "concurrency": 2, "max_retries": 0, "audit_share": 0.5}
    assert identity(**operational) == identity()
    assert identity(criteria="Be kind.") != identity()
    assert identity(temperature=None) != identity() != identity(model="n")
    default = identity(base_url=None)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    assert identity(base_url=None) != default


@pytest.mark.parametrize(
    ("model", "family"), [("gpt-4o", "gpt"), ("Qwen/Qwen2.5-7B", "qwen"), ("meta/Llama-3", "llama"), ("42", None)]
)
def test_family(model, family):
    assert OpenAICompatibleJudge(model=model, base_url=None, api_key_env=None).family() == family
