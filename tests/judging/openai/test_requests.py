import json

import pytest

from thoughtrank.judging.openai.prompt import render
from thoughtrank.judging.openai.requests import RequestFormat, read_reply, request_body
from thoughtrank.judging.protocol import AnswerView, JudgeRequest

ANSWERS = tuple(AnswerView(f"id{text}", text) for text in ("red", "green", "blue"))
PROMPT = render(JudgeRequest("q", "Which?", ANSWERS, None, seed=1))
GRADED = render(JudgeRequest("q", "Which?", ANSWERS[:1], None, seed=1, mode="score"))


def body(request_format=None, *, mode="rank", temperature=0.0):
    return request_body(
        PROMPT, request_format or RequestFormat(), mode=mode, model="m", temperature=temperature, max_reply_tokens=50
    )


def read(parsed, *, mode="rank", prompt=PROMPT):
    text = parsed if isinstance(parsed, str) else json.dumps(parsed)
    return read_reply(text, prompt=prompt, mode=mode, model="asked-for")


def completion(content, *, finish="stop", **fields):
    return {"choices": [{"finish_reason": finish, "message": {"content": content}}], **fields}


def test_the_request_is_the_prompt_with_a_strict_schema():
    arguments = body()
    assert arguments["messages"] == [{"role": "user", "content": PROMPT.text}]
    assert (arguments["model"], arguments["max_tokens"], arguments["temperature"]) == ("m", 50, 0.0)
    schema = arguments["response_format"]["json_schema"]
    labels = schema["schema"]["properties"]["ranking"]["items"]["items"]["enum"]
    assert schema["strict"] is True
    assert labels == sorted(PROMPT.labels)


def test_the_request_follows_the_servers_format():
    arguments = body(RequestFormat(json_schema=False, limit_field="max_completion_tokens"), temperature=None)
    assert set(arguments) == {"model", "messages", "max_completion_tokens"}


def test_a_grade_has_a_schema_of_its_own():
    schema = body(mode="score")["response_format"]["json_schema"]
    assert schema["name"] == "score"
    assert schema["schema"]["properties"] == {"grade": {"type": "integer", "enum": list(range(1, 11))}}


def test_a_ranking_is_read_with_what_the_server_reports_as_its_usage():
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    content = json.dumps({"ranking": [[label] for label in PROMPT.labels]})
    reply = read(completion(content, usage=usage, model="served"))
    assert reply.is_completion
    assert reply.verdict.groups == tuple((answer_id,) for answer_id in PROMPT.labels.values())
    assert (reply.reported_usage, reply.received) == (usage, content)
    assert (reply.verdict.model, reply.verdict.prompt_hash) == ("served", PROMPT.prompt_hash)
    assert reply.verdict.reply == content


def test_a_grade_is_read_for_the_only_answer():
    verdict = read(completion('{"grade": 4}'), mode="score", prompt=GRADED).verdict
    assert verdict.scores == (("idred", 4.0),)


def test_an_odd_name_of_a_model_is_replaced_by_the_one_that_was_requested():
    assert read(completion("A > B > C", model=3)).verdict.model == "asked-for"


def test_reasoning_and_refusals_are_received_text():
    message = {"role": "assistant", "content": "A", "reasoning_content": "hm hm", "refusal": None, "tool_calls": []}
    assert read({"choices": [{"message": message}, 7]}).received == "A hm hm"


@pytest.mark.parametrize("text", ["<html>", "[]", "{}", '{"choices": 3}', "[" * 100_000])
def test_what_is_no_chat_completion_is_malformed_and_marked(text):
    reply = read(text)
    assert not reply.is_completion
    assert reply.verdict.status == "malformed"
    assert len(reply.verdict.reply) <= 1000


def test_a_truncated_reply_is_malformed_even_if_it_could_be_parsed():
    verdict = read(completion("A > B > C", finish="length")).verdict
    assert (verdict.status, verdict.groups) == ("malformed", ())


def test_a_refusal_is_recognised_in_all_its_forms():
    field = {"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": "No."}}]}
    for parsed in (field, completion("", finish="content_filter"), completion("I'm sorry, I can't.")):
        assert read(parsed).verdict.status == "refused"
