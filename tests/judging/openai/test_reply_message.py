import pytest

from thoughtrank.judging.openai.reply_message import all_text, message_text


def choice(content=None, *, finish="stop", **message):
    return [{"finish_reason": finish, "message": {"content": content, **message}}]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("MAX_TOKENS", "malformed", "judge.max_reply_tokens"),
        ("max_output_tokens", "malformed", "judge.max_reply_tokens"),
        ("model_length", "too_long", "context"),
        ("model_context_window_exceeded", "too_long", "context"),
        ("content_filter: SAFETY", "refused", "content_filter: SAFETY"),
        ("refusal", "refused", "filter"),
        ("STOP", "ok", None),
        (7, "ok", None),
    ],
)
def test_a_finish_reason_is_understood_in_every_spelling(finish, status, reason):
    found = message_text(choice("A", finish=finish))
    assert found.status == status
    assert found.reason is None if reason is None else reason in found.reason


def test_a_filter_may_leave_no_message_and_a_router_another_reason():
    assert message_text([{"finish_reason": "content_filter: OTHER"}]).status == "refused"
    found = message_text([{"finish_reason": "stop", "native_finish_reason": "SAFETY", "message": {"content": ""}}])
    assert (found.status, "SAFETY" in found.reason) == ("refused", True)
    assert message_text([{"finish_reason": "stop", "native_finish_reason": "STOP"}]).status == "malformed"


def test_endless_white_space_is_named():
    found = message_text(choice('{\n"ranking":' + " \n" * 300, finish="length"))
    assert found.status == "malformed"
    assert found.reason == "endless white space was cut at judge.max_reply_tokens"
    assert "white space" not in message_text(choice('{"ranking": [["A"], ', finish="length")).reason


def test_reasoning_without_an_answer_is_named():
    found = message_text(choice(reasoning_content="A or B?"))
    assert (found.text, found.status) == ("", "malformed")
    assert "reasoning and nothing after it" in found.reason


def test_several_tool_calls_are_no_answer():
    call = {"function": {"arguments": "{}"}}
    assert message_text(choice(tool_calls=[call, call])).text == ""


def test_all_text_counts_parts_and_reasoning_once_and_no_signatures():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "Zm9v"},
        {"type": "text", "text": "A"},
        "B",
    ]
    message = choice(parts, reasoning="long", reasoning_content="long", id="i", name="n")
    assert all_text(message) == "hm A B long"


def test_the_former_way_to_call_a_function_is_read():
    assert (
        message_text(choice(function_call={"name": "rank", "arguments": '{"ranking": []}'})).text == '{"ranking": []}'
    )
