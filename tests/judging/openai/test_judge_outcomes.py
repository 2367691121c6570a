"""Replies without a ranking, rejected requests, and servers that need another request."""

from dataclasses import replace

import pytest
from openai_server import Scripted, completion, error
from served_judge import BY_TEXT, KEY, REQUEST, judge_at

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable, ReplyUnusable


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


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ({"choices": None}, '{"choices": null}'),
        ([1, 2], "[1, 2]"),
        (f"<html>\n{KEY} is not an API</html>", "<html> [redacted] is not an API</html>"),
        ("", "it is empty"),
    ],
)
def test_what_is_no_chat_completion_is_a_failed_attempt_that_may_have_been_charged(server, reply, shown):
    server.script.append(Scripted(200, reply))
    with pytest.raises(AttemptFailed) as caught:
        judge_at(server).judge(REQUEST)
    assert caught.value.what == f"the server's reply is no chat completion: {shown}"
    assert caught.value.maybe_charged


CALLS = [replace(REQUEST, seed=seed) for seed in range(6)]


def test_a_server_that_never_answers_properly_is_a_wrong_setting(server):
    server.script.extend([Scripted(200, "<html>")] * 4)
    judge = judge_at(server)
    for request in (CALLS[0], CALLS[0], CALLS[1]):
        with pytest.raises(AttemptFailed):
            judge.judge(request)
    with pytest.raises(ReplyUnusable, match=r"no chat completion: <html>.*judge\.base_url"):
        judge.judge(CALLS[2])


@pytest.mark.parametrize("earlier", [True, False])
def test_strange_replies_after_a_good_one_are_not_due_to_the_settings(server, earlier):
    judge = judge_at(server)
    if earlier:
        judge.has_worked()  # in an earlier attempt at the run
    else:
        judge.judge(REQUEST)
    server.script.extend([Scripted(200, "<html>")] * 6)
    for request in CALLS:
        with pytest.raises(AttemptFailed):
            judge.judge(request)


def test_schemas_can_be_switched_off_and_a_server_that_fails_with_one_says_so(server):
    judge_at(server, json_schema=False).judge(REQUEST)
    assert "response_format" not in server.bodies[0]
    server.script.extend([Scripted(500, error("failed to parse grammar"))] * 2)
    with pytest.raises(AttemptFailed, match=r"failed to parse grammar \(judge\.json_schema=false sends no schema\)"):
        judge_at(server).judge(REQUEST)
    with pytest.raises(AttemptFailed) as caught:
        judge_at(server, json_schema=False).judge(REQUEST)
    assert "json_schema" not in caught.value.what


def test_an_error_that_may_have_been_charged_is_recorded_at_the_bound_with_the_servers_words(server):
    server.script.append(Scripted(200, {"error": "Unexpected endpoint or method."}))
    judge = judge_at(server, price_per_million=[1.0, 1.0])
    verdict = judge.judge(REQUEST)
    assert (verdict.status, verdict.usage) == ("error", judge.upper_bound(REQUEST))
    assert verdict.reason == "the server's reply is an error: Unexpected endpoint or method"
