import json
import math
from dataclasses import replace

import pytest
from openai_server import OpenAIServer, Scripted, completion, error

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest, JudgeUnavailable

KEY = "sk-secret-0123456789abcdef"
REQUEST = JudgeRequest(
    question_id="q1",
    question="Which fruit?",
    answers=tuple(AnswerView(f"id{text}", text) for text in ("cherry", "apple", "banana", "date")),
    reference=None,
    seed=7,
)
BY_TEXT = (("idapple",), ("idbanana",), ("idcherry",), ("iddate",))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = OpenAIServer()
    yield server
    server.close()


def judge_at(server, **settings):
    defaults = {"model": "org/judge-1", "base_url": server.url, "api_key_env": "JUDGE_KEY", "max_retries": 1}
    return OpenAICompatibleJudge(**(defaults | {"timeout_seconds": 10.0} | settings))


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


def executed(server, tmp_path, **settings):
    """The verdict of one call with all its attempts."""
    with Executor(judge_at(server, **settings), tmp_path / "log.jsonl") as executor:
        return executor.ask([REQUEST])[0]


def test_a_rate_limited_call_is_retried(server, tmp_path):
    server.script.append(Scripted(429, error("slow down"), {"Retry-After": "0.05"}))
    assert executed(server, tmp_path).groups == BY_TEXT
    assert len(server.received) == 2


def test_a_passing_server_error_is_retried(server, tmp_path):
    server.script.append(Scripted(500, error("oops")))
    assert executed(server, tmp_path).groups == BY_TEXT


def test_a_server_that_asks_for_a_long_wait_is_not_waited_for(server, tmp_path):
    server.script.append(Scripted(429, error("daily limit"), {"Retry-After": "3600"}))
    with pytest.raises(JudgeUnavailable, match="daily limit"):
        executed(server, tmp_path, max_retries=5)
    assert len(server.received) == 1


def test_a_used_up_quota_stops_at_once(server, tmp_path):
    server.script.append(Scripted(429, error("check your plan", code="insufficient_quota")))
    with pytest.raises(JudgeUnavailable, match="check your plan"):
        executed(server, tmp_path, max_retries=5)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("scripted", "settings", "said"),
    [
        (Scripted(503, error(f"overloaded {KEY}")), {}, "HTTP 503"),
        (Scripted(429, error("quota used up")), {}, "quota used up"),
        (Scripted(200, completion("late"), held=True), {"timeout_seconds": 0.5}, "timed out"),
        (Scripted(200, "{", cut=True), {}, "onnection"),
    ],
    ids=["500s", "quota", "timeout", "cut"],
)
def test_a_server_that_keeps_failing_stops_the_run(server, tmp_path, scripted, settings, said):
    scripted.headers = {"Retry-After": "0.05"}
    server.script.extend([scripted, scripted])
    with pytest.raises(JudgeUnavailable) as caught:
        executed(server, tmp_path, **settings)
    text = str(caught.value)
    assert said in text
    assert server.url in text
    assert "kept" in text
    assert KEY not in text
    assert server.counted(2) == 2


def test_a_server_that_is_not_there_stops_the_run(server, tmp_path):
    server.close()
    with pytest.raises(JudgeUnavailable, match=r"127\.0\.0\.1"):
        executed(server, tmp_path, max_retries=0)


@pytest.mark.parametrize(
    ("reply", "status", "reason"),
    [
        (completion("B is best."), "malformed", "not one JSON object"),
        (completion("I'm sorry, but I can't help with that."), "refused", "refused"),
        (completion("I cannot rank these."), "refused", "refused"),
        (completion(""), "malformed", "empty"),
        (completion(None), "malformed", "empty"),
        (completion([{"type": "text"}]), "malformed", "empty"),
        (completion('{"ranking": [["Z"]]}'), "malformed", "not offered"),
        (completion('{"ranking": [["A"', finish="length"), "malformed", "max_reply_tokens"),
        (completion(None, refusal="I cannot help with that."), "refused", "refused"),
        (completion("", finish="content_filter"), "refused", "filter"),
        (completion("") | {"choices": []}, "malformed", "no choices"),
        (completion("") | {"choices": [7]}, "malformed", "no choices"),
        (completion("") | {"choices": [{"message": 3}]}, "malformed", "no choices"),
        ({"choices": None}, "malformed", "no chat completion"),
        ([1, 2], "malformed", "no chat completion"),
        ("<html>not an API</html>", "malformed", "no chat completion"),
        ("", "malformed", "no chat completion"),
    ],
)
def test_a_reply_without_a_ranking_is_an_outcome_with_a_reason(server, reply, status, reason):
    server.script.append(Scripted(200, reply))
    verdict = judge_at(server).judge(REQUEST)
    assert verdict.status == status
    assert reason in verdict.reason
    assert verdict.groups == ()


@pytest.mark.parametrize(
    ("http", "body", "status"),
    [
        (400, error("maximum context length is 8192 tokens", code="context_length_exceeded"), "too_long"),
        (400, error("'max_tokens' or 'max_completion_tokens' is too large; maximum context length is 10"), "too_long"),
        (413, error("payload too large"), "too_long"),
        (400, error("blocked by the content management policy", code="content_filter"), "refused"),
        (400, error("something about this request"), "error"),
    ],
)
def test_a_rejected_request_is_an_outcome_of_that_call(server, http, body, status):
    server.script.append(Scripted(http, body))
    verdict = judge_at(server).judge(REQUEST)
    assert verdict.status == status
    assert f"HTTP {http}" in verdict.reason
    assert len(server.received) == 1


def test_without_a_schema_the_judge_falls_back_and_remembers(server):
    server.script.append(Scripted(400, error("response_format type json_schema is not supported")))
    judge = judge_at(server)
    assert judge.judge(REQUEST).groups == BY_TEXT
    assert judge.judge(REQUEST).groups == BY_TEXT
    assert ["response_format" in body for body in server.bodies] == [True, False, False]


def test_a_server_without_schemas_may_reply_with_a_line_of_labels(server):
    server.script.append(Scripted(400, error("response_format type json_schema is not supported")))
    judge = judge_at(server)
    judge.judge(REQUEST)
    shown = judge.judge(REQUEST).shown
    label = dict(zip(shown, "ABCD", strict=True))
    line = f"{label['iddate']} > {label['idapple']} = {label['idcherry']} > {label['idbanana']}"
    server.script.append(Scripted(200, completion(f"<think>B > A, or not</think>\n{line}")))
    assert judge.judge(REQUEST).groups == (("iddate",), ("idapple", "idcherry"), ("idbanana",))


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


def test_the_limit_is_renamed_for_models_that_want_it(server):
    message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.script.append(Scripted(400, error(message, code="unsupported_parameter", param="max_tokens")))
    assert judge_at(server, max_reply_tokens=77).judge(REQUEST).groups == BY_TEXT
    first, second = server.bodies
    assert first["max_tokens"] == second["max_completion_tokens"] == 77
    assert "max_tokens" not in second


@pytest.mark.parametrize(
    ("http", "body", "said"),
    [
        (401, error(f"Incorrect API key provided: {KEY}"), "JUDGE_KEY"),
        (403, error("no access"), "JUDGE_KEY"),
        (404, error("The model does not exist"), "org/judge-1"),
        (400, error("temperature is not supported with this model", param="temperature"), "judge.temperature=null"),
    ],
)
def test_wrong_settings_are_the_users_to_fix(server, http, body, said):
    server.script.append(Scripted(http, body))
    with pytest.raises(UserError) as caught:
        judge_at(server).judge(REQUEST)
    assert not isinstance(caught.value, JudgeUnavailable)
    assert said in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_server_that_never_answers_properly_is_a_wrong_setting(server):
    server.script.extend([Scripted(200, "<html>")] * 3)
    judge = judge_at(server)
    assert [judge.judge(REQUEST).status for _ in range(2)] == ["malformed"] * 2
    with pytest.raises(UserError, match=r"judge\.base_url"):
        judge.judge(REQUEST)


def test_strange_replies_after_a_good_one_stop_nothing(server):
    judge = judge_at(server)
    judge.judge(REQUEST)
    server.script.extend([Scripted(200, "<html>")] * 4)
    assert [judge.judge(REQUEST).status for _ in range(4)] == ["malformed"] * 4


def test_the_key_is_nowhere(server, tmp_path, monkeypatch):
    server.script.append(Scripted(200, completion(f"your key is {KEY}")))
    server.script.append(Scripted(400, error(f"bad request with Bearer {KEY}")))
    server.script.append(Scripted(200, f"<html>{'x' * 990}{KEY}"))
    judge = judge_at(server, concurrency=1)
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(3)]
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        verdicts = executor.ask(requests)
    everything = (tmp_path / "_verdicts.jsonl").read_text() + repr(verdicts) + json.dumps(judge.identity())
    everything += repr(vars(judge)) + "".join(judge.faults())
    assert "[redacted]" in everything
    assert KEY[:12] not in everything
    monkeypatch.setenv("JUDGE_KEY", f"{KEY}\u00e9")
    with pytest.raises(UserError) as caught:
        judge.judge(REQUEST)
    assert KEY not in str(caught.value)


def test_the_server_receives_the_question_and_the_answers_only(server):
    judge_at(server).judge(REQUEST)
    (body,) = server.bodies
    assert set(body) == {"model", "messages", "max_tokens", "temperature", "response_format"}
    text = json.dumps(body)
    for answer in REQUEST.answers:
        assert text.count(answer.text) == 1
        assert answer.answer_id not in text
    assert "q1" not in text


def test_calls_run_in_parallel(server, tmp_path):
    server.honest_delay = 0.1
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(12)]
    with Executor(judge_at(server, concurrency=4), tmp_path / "log.jsonl") as executor:
        assert {verdict.groups for verdict in executor.ask(requests)} == {BY_TEXT}
    assert server.most_running == 4
    assert len(server.received) == 12


def test_an_outage_loses_nothing_that_was_paid(server, tmp_path):
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(6)]
    judge = judge_at(server, concurrency=1, max_retries=0)
    good = Scripted(200, completion("no ranking"))
    server.script.extend([good, good, good, *[Scripted(500, error("down"))] * 3])
    with Executor(judge, tmp_path / "log.jsonl") as executor, pytest.raises(JudgeUnavailable):
        executor.ask(requests)
    asked = len(server.received)
    server.script.clear()
    with Executor(judge, tmp_path / "log.jsonl") as executor:
        statuses = [verdict.status for verdict in executor.ask(requests)]
    assert statuses == ["malformed"] * 3 + ["ok"] * 3
    assert len(server.received) == asked + 3


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
