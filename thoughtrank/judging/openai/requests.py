"""Builds a chat completion request, and reads the response without trusting anything in it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from thoughtrank.judging.openai.prompt import RenderedPrompt
from thoughtrank.judging.openai.reply_message import all_text, message_text
from thoughtrank.judging.openai.reply_parsing import ParseFault, is_refusal, parse_grade, parse_ranking
from thoughtrank.judging.protocol import Mode, Verdict


class RequestFormat(NamedTuple):
    """The request format that a server supports.

    Attributes:
        json_schema: it accepts a JSON schema for the reply.
        limit_field: its name for the reply's limit in tokens.
    """

    json_schema: bool = True
    limit_field: str = "max_tokens"


class JudgeReply(NamedTuple):
    """A reply as a verdict.

    Attributes:
        verdict: without its usage.
        is_completion: it was a chat completion at all.
        reported_usage: what the server reports in the field ``usage``, whatever it is.
        received: all text of the reply, reasoning included.
    """

    verdict: Verdict
    is_completion: bool
    reported_usage: object = None
    received: str = ""


def request_body(
    prompt: RenderedPrompt,
    request_format: RequestFormat,
    *,
    mode: Mode,
    model: str,
    temperature: float | None,
    max_reply_tokens: int,
) -> dict[str, object]:
    """The arguments of one chat completion: the prompt as one user message, and the schema of the reply."""
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": prompt.text}],
        request_format.limit_field: max_reply_tokens,
    }
    if temperature is not None:
        body["temperature"] = temperature
    if request_format.json_schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": mode, "strict": True, "schema": _schema(mode, list(prompt.labels))},
        }
    return body


def read_reply(body: str, *, prompt: RenderedPrompt, mode: Mode, model: str) -> JudgeReply:
    """The verdict in the body of a response with status 200.

    Args:
        body: the body as text.
        prompt: that was sent.
        mode: of the request.
        model: the requested model, for replies that do not name one.
    """
    try:
        parsed = json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("choices"), list):
        fault = "the server's reply is no chat completion"
        verdict = Verdict("malformed", reason=fault, model=model, prompt_hash=prompt.prompt_hash, reply=body[:1000])
        return JudgeReply(verdict, is_completion=False)
    text, status, reason = message_text(parsed["choices"])
    verdict = Verdict(status, reason=reason)
    if status == "ok":
        verdict = _read_grade(text, prompt.labels) if mode == "score" else _read_ranking(text, prompt.labels)
        if verdict.status != "ok" and is_refusal(text):
            verdict = Verdict("refused", reason="the judge refused to answer")
    named = parsed.get("model")
    verdict = replace(
        verdict,
        model=named if isinstance(named, str) and named else model,
        prompt_hash=prompt.prompt_hash,
        reply=text,
    )
    return JudgeReply(
        verdict,
        is_completion=True,
        reported_usage=parsed.get("usage"),
        received=all_text(parsed["choices"]),
    )


def _read_ranking(text: str, labels: Mapping[str, str]) -> Verdict:
    ranking = parse_ranking(text, labels)
    if isinstance(ranking, ParseFault):
        return Verdict("malformed", reason=ranking.reason)
    return Verdict("ok", groups=ranking)


def _read_grade(text: str, labels: Mapping[str, str]) -> Verdict:
    grade = parse_grade(text)
    if isinstance(grade, ParseFault):
        return Verdict("malformed", reason=grade.reason)
    (answer_id,) = labels.values()
    return Verdict("ok", scores=((answer_id, float(grade)),))


def _schema(mode: Mode, labels: list[str]) -> dict[str, object]:
    """The JSON schema of a verdict about these labels, within the limits of OpenAI's strict mode."""
    shape: dict[str, object]
    if mode == "score":
        name, shape = "grade", {"type": "integer", "enum": list(range(1, 11))}
    else:
        label = {"type": "string", "enum": sorted(labels)}
        name, shape = "ranking", {"type": "array", "items": {"type": "array", "items": label}}
    return {"type": "object", "properties": {name: shape}, "required": [name], "additionalProperties": False}
