"""The judge called by an executor: retries, outages, parallel calls, and the key in no text that is kept."""

import json

import pytest
from openai_server import Scripted, completion, error
from served_judge import BY_TEXT, KEY, REQUEST, judge_at

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.budget import BudgetReached
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.protocol import JudgeRequest, JudgeUnavailable


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
        (Scripted(200, completion("late"), trickled=True), {"timeout_seconds": 0.5}, "not complete after 0.5 seconds"),
        (Scripted(200, "{", cut=True), {}, "onnection"),
    ],
    ids=["500s", "quota", "timeout", "trickled", "cut"],
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


def test_calls_from_before_the_price_was_known_count_against_a_later_budget(server, tmp_path):
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(6)]
    with Executor(judge_at(server), tmp_path / "log.jsonl") as executor:
        executor.ask(requests[:4])
        assert (executor.usage.cost, executor.unpriced_usage.prompt_tokens) == (0.0, 4000)
    priced = judge_at(server, price_per_million=[10.0, 10.0], budget=4 * 0.0101 + 0.005)
    with Executor(priced, tmp_path / "log.jsonl") as executor:
        assert executor.usage.cost == pytest.approx(4 * 0.0101)
        with pytest.raises(BudgetReached, match=r"this run has spent \$0\.0404"):
            executor.ask(requests)
    assert len(server.received) == 4


PAGE = Scripted(200, "<html>Please log in</html>")


def test_a_page_in_place_of_a_completion_is_retried(server, tmp_path):
    server.script.append(PAGE)
    assert executed(server, tmp_path).groups == BY_TEXT
    assert len(server.received) == 2


def test_a_server_that_starts_to_send_pages_stops_the_run_and_its_calls_are_sent_again(server, tmp_path):
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(20)]
    server.script.extend([None] * 2 + [PAGE] * 100)
    stopped = "is not available: the server's reply is no chat completion: <html>Please log in</html>"
    for more in (2 + 3 * 2, 3 * 2):
        before = len(server.received)
        judge = judge_at(server, concurrency=1, max_retries=1)
        with Executor(judge, tmp_path / "log.jsonl") as executor, pytest.raises(JudgeUnavailable, match=stopped):
            executor.ask(requests)
        assert len(server.received) == before + more
    server.script.clear()
    with Executor(judge_at(server), tmp_path / "log.jsonl") as executor:
        assert [verdict.status for verdict in executor.ask(requests)] == ["ok"] * 20


def test_calls_that_always_bring_a_page_do_not_keep_a_run_from_its_end(server, tmp_path):
    requests = [JudgeRequest("q", "?", REQUEST.answers, None, seed) for seed in range(5)]
    server.script.extend([None] + [PAGE] * 100)
    settings = {"concurrency": 1, "max_retries": 0}
    for _ in range(2):
        with (
            Executor(judge_at(server, **settings), tmp_path / "log.jsonl") as executor,
            pytest.raises(JudgeUnavailable),
        ):
            executor.ask(requests)
    with Executor(judge_at(server, **settings), tmp_path / "log.jsonl") as executor:
        assert [verdict.status for verdict in executor.ask(requests)] == ["ok", *["error"] * 4]


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
