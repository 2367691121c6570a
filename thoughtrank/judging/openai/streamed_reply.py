"""Puts together a reply that a server streams although no stream was requested."""

import json
from collections.abc import Iterator, Mapping

_FIRST_FIELDS = ("data:", "event:", "id:", "retry:", ":")
"""What a line of server-sent events begins with."""
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
"""Fields of a message that come in pieces."""
_BLOCKED = ("promptFeedback", "prompt_feedback", "prompt_filter_results")
"""Fields of the body that say what a filter found in the prompt."""


def whole_body(body: str) -> str:
    """The body of a response as one JSON object, where it consists of server-sent events; otherwise unchanged.

    The pieces of a chat completion become one; an event that is no piece, such as an error, is the body itself.
    """
    if not body.lstrip("\ufeff \r\n").startswith(_FIRST_FIELDS):
        return body
    texts: dict[str, str] = {}
    named: dict[str, object] = {}
    finish: object = None
    for event in _events(body):
        pieces = event.get("choices")
        if not isinstance(pieces, list):
            return json.dumps(event)
        named |= {name: event[name] for name in ("id", "model", "usage", *_BLOCKED) if event.get(name) is not None}
        piece = pieces[0] if pieces else None
        if isinstance(piece, dict):
            finish = piece.get("finish_reason") or finish
            _add(piece.get("delta") or piece.get("message"), texts)
    if not texts and finish is None and named.keys().isdisjoint(_BLOCKED):
        return body
    message = {"role": "assistant", "content": "", **texts}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}], **named})


def _events(body: str) -> Iterator[Mapping[str, object]]:
    """The JSON objects of the events; one that was cut is left out."""
    for line in body.split("\n"):
        if not line.startswith("data:"):
            continue
        try:
            event = json.loads(line.removeprefix("data:"))
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _add(piece: object, texts: dict[str, str]) -> None:
    for name in _TEXTS:
        text = piece.get(name) if isinstance(piece, dict) else None
        if isinstance(text, str) and text:
            texts[name] = texts.get(name, "") + text
