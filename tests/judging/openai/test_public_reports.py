"""What servers send according to public bug reports, and what a user of the judge sees of it."""

import pytest
from openai_server import Scripted, completion
from public_errors import NO_SCHEMA, RETRIED, TOO_LONG
from public_refusals import REFUSED
from public_replies import RANKED, RANKING
from refused_settings import SETTINGS
from served_judge import BY_TEXT, KEY, REQUEST, judge_at

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AttemptFailed


@pytest.mark.parametrize("name", NO_SCHEMA)
def test_a_server_without_schemas_gets_requests_without_one(server, name):
    server.script.append(Scripted(*NO_SCHEMA[name]))
    judge = judge_at(server)
    assert [judge.judge(REQUEST).groups for _ in range(2)] == [BY_TEXT] * 2
    assert ["response_format" in body for body in server.bodies] == [True, False, False]


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_request_above_the_context_is_too_long_whatever_the_words(server, name):
    server.script.append(Scripted(*TOO_LONG[name]))
    assert judge_at(server).judge(REQUEST).status == "too_long"
    assert len(server.received) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_one_whatever_its_shape(server, name):
    server.script.append(Scripted(*REFUSED[name]))
    assert judge_at(server).judge(REQUEST).status == "refused"


@pytest.mark.parametrize(
    "name", [name for name in REFUSED if name.startswith(("Gemini: the prompt", "Azure: the prompt"))]
)
def test_a_prompt_that_a_filter_blocks_names_what_it_found_and_is_sent_once(server, name):
    server.script.append(Scripted(*REFUSED[name]))
    verdict = judge_at(server, price_per_million=[1.0, 1.0]).judge(REQUEST)
    assert "violence" in verdict.reason if "Azure" in name else "PROHIBITED_CONTENT" in verdict.reason
    assert (verdict.usage.completion_tokens, len(server.received)) == (0, 1)


def test_a_reply_counts_although_the_filter_has_a_note_on_the_prompt(server):
    feedback = {"promptFeedback": {"blockReason": "OTHER"}}
    server.script.append(Scripted(200, completion(RANKING) | feedback))
    assert judge_at(server).judge(REQUEST).groups == BY_TEXT


@pytest.mark.parametrize("name", RANKED)
def test_a_ranking_is_read_without_reasoning_template_tokens_and_wrappers(server, name):
    server.script.append(Scripted(200, RANKED[name]))
    verdict = judge_at(server).judge(REQUEST)
    assert (verdict.status, verdict.groups) == ("ok", BY_TEXT)


@pytest.mark.parametrize("name", RETRIED)
def test_a_failure_in_a_200_is_another_attempt_with_the_servers_words(server, name):
    body, charged = RETRIED[name]
    server.script.append(Scripted(200, body))
    with pytest.raises(AttemptFailed) as caught:
        judge_at(server).judge(REQUEST)
    assert caught.value.maybe_charged is charged
    assert "slow down" in caught.value.what or "no reason is stated" in caught.value.what


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named_with_the_servers_words(server, name):
    status, body, said = SETTINGS[name]
    server.script.append(Scripted(status, body))
    with pytest.raises(UserError) as caught:
        judge_at(server).judge(REQUEST)
    assert said in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(server.received) == 1


def test_an_error_as_plain_text_is_another_attempt_and_one_without_a_body_has_a_reason(server):
    """vllm#8429 and chat-ui#1343."""
    server.script.append(Scripted(500, "Internal Server Error"))
    with pytest.raises(AttemptFailed, match="HTTP 500: Internal Server Error"):
        judge_at(server).judge(REQUEST)
    server.script.append(Scripted(400, ""))
    verdict = judge_at(server).judge(REQUEST)
    assert (verdict.status, "HTTP 400" in verdict.reason) == ("error", True)
