"""Reads the message of a chat completion: its text, in whatever shape, and what its finish reason means."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from thoughtrank.judging.openai.lenient_json import json_object
from thoughtrank.judging.protocol import Status

_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")

_NO_TEXT = frozenset(
    {"role", "type", "id", "name", "format", "data", "signature", "encrypted_content", "finish_reason"}
)
"""Fields of a message that are no text of the model, or text that is not charged as it stands."""

_FILTERED = re.compile(
    r"content.?filter|safety|refus|recitation|prohibited|blocklist|\bspii\b|sensitive|guardrail|moderation|policy|toxic",
    re.IGNORECASE,
)
_CUT = re.compile(r"length|max_?(?:output_?|completion_?)?tokens|token.?limit|incomplete", re.IGNORECASE)
_ENDLESS_SPACE = re.compile(r"\s{50}\Z")
"""Where a schema allows white space anywhere, some models write it without end."""
_NO_CONTEXT = re.compile(r"model_length|context", re.IGNORECASE)


class MessageText(NamedTuple):
    """The text of a reply, and the status and reason that apply before the text is parsed."""

    text: str
    status: Status
    reason: str | None


def message_text(choices: Sequence[object]) -> MessageText:
    """The text of the first choice.

    Content is a text, a list of parts, an object, or missing: then the only tool call, or a field of reasoning that is nothing
    but a JSON object, takes its place, because servers put the reply there by mistake. A filter may leave no message at all.
    """
    choice = choices[0] if choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if isinstance(choice, dict) and message is None and isinstance(choice.get("text"), str):
        message = {"content": choice["text"]}  # as the former API for texts has it
    finish = _finish_reason(choice) if isinstance(choice, dict) else ""
    if message is None and _FILTERED.search(finish):
        message = {}
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return MessageText("", "malformed", "the reply has no choices")
    text, refusal = _content(message.get("content"))
    stated = message.get("refusal")
    refusal = stated if isinstance(stated, str) and stated else refusal
    if refusal:
        return MessageText(text or refusal, "refused", "the judge refused to answer")
    if _FILTERED.search(finish):
        return MessageText(text, "refused", f"the server's content filter stopped the reply ({finish[:50]})")
    if _NO_CONTEXT.search(finish):
        return MessageText(text, "too_long", f"the reply was cut at the end of the server's context ({finish[:50]})")
    if _CUT.search(finish):
        what = "endless white space was" if _ENDLESS_SPACE.search(text) else "the reply was"
        return MessageText(text, "malformed", f"{what} cut at judge.max_reply_tokens")
    return MessageText(text, "ok", None) if text.strip() else _misplaced(message)


def all_text(choices: Sequence[object]) -> str:
    """Every text in the messages, once: content, refusal, and reasoning under whatever name a server gives it."""
    messages = [choice.get("message") for choice in choices if isinstance(choice, dict)]
    fields = [field for message in messages if isinstance(message, dict) for field in message.items()]
    texts = [text for name, value in fields if name not in _NO_TEXT for text in _texts(value, nested=name == "content")]
    return " ".join(dict.fromkeys(texts))


def _finish_reason(choice: Mapping[str, object]) -> str:
    """Why the reply ended; a router's own name for it may hide that of the model's server, which is in a second field."""
    stated = [choice.get(name) for name in ("finish_reason", "native_finish_reason")]
    finish, native = (reason if isinstance(reason, str) else "" for reason in stated)
    return native if _FILTERED.search(native) else finish


def _content(content: object) -> tuple[str, str]:
    """The text of a message's content and of the refusals in it."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, dict):
        inner = content.get("text", content.get("parts"))
        return (json.dumps(content), "") if inner is None else _content(inner)
    texts, refusals = [], []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type") == "refusal" and isinstance(part.get("refusal"), str):
            refusals.append(part["refusal"])
        elif isinstance(part, dict) and part.get("type") in (None, "text", "output_text"):
            inner = part.get("text")
            inner = inner.get("value") if isinstance(inner, dict) else inner
            texts.append(inner if isinstance(inner, str) else "")
    return "".join(texts), "".join(refusals)


def _misplaced(message: Mapping[str, object]) -> MessageText:
    """The reply of a message without content."""
    calls = message.get("tool_calls")
    function = message.get("function_call")  # the former name, for a single one
    if calls:
        function = (
            calls[0].get("function")
            if isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict)
            else None
        )
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, dict | str):
        return MessageText(arguments if isinstance(arguments, str) else json.dumps(arguments), "ok", None)
    reasoning = next((text for name in _REASONING_FIELDS if isinstance(text := message.get(name), str) and text), "")
    if json_object(reasoning) is not None:
        return MessageText(reasoning, "ok", None)
    if reasoning:
        return MessageText("", "malformed", "the reply is empty: it has reasoning and nothing after it")
    return MessageText("", "ok", None)


def _texts(value: object, *, nested: bool) -> Iterator[str]:
    """A text, and those of the parts of a list of content."""
    if isinstance(value, str):
        yield value
    elif nested and isinstance(value, list):
        for part in value:
            yield from _texts(part, nested=True)
    elif nested and isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NO_TEXT:
                yield from _texts(inner, nested=True)
