"""Finds the errors that servers send with status 200, in place of a completion or inside it."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from thoughtrank.http_api.error_body import error_words

if TYPE_CHECKING:
    import httpx2
    import openai

_STATUS_FIELDS = ("code", "status", "status_code", "statusCode", "http_status")

_MESSAGES = ("message", "msg", "error_msg", "error_message")

_TEMPORARY = re.compile(
    r"rate.?limit|too many requests|overload|try(?: your request)? again|time.?out|timed out|unavailable|\bbusy\b|capacity"
    r"|resource.?exhausted|internal|server.?error|throttl|\b429\b|\b50[0234]\b|aborted|cancell?ed",
    re.IGNORECASE,
)
_INTERRUPTED = frozenset({"error", "abort", "aborted", "cancelled", "insufficient_system_resource", "network_error"})
"""Finish reasons of replies that a failure of the server ended."""


def error_in_body(response: "httpx2.Response", body: str) -> "openai.APIStatusError | None":
    """The error that a response with status 200 carries in place of a completion, if it states a status.

    Args:
        response: with status 200.
        body: its body, without the key.
    """
    found = _error_object(body)
    status = None if found is None else _stated_status(found)
    return None if status is None else _as_error(response, status=status, body=found)


def unstated_error_in_body(response: "httpx2.Response", body: str) -> "openai.APIStatusError | None":
    """The same for an error without a status, which counts as status 400."""
    found = _error_object(body)
    return None if found is None or _stated_status(found) is not None else _as_error(response, status=400, body=found)


def temporary_failure(body: str) -> str | None:
    """What interrupted the reply with this body, where the same request may succeed later; None for other replies.

    The attempt may have been charged: the server had accepted the request.
    """
    parsed = _parsed(body)
    choices = parsed.get("choices") if isinstance(parsed, dict) else None
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        stated, finish = choices[0].get("error"), choices[0].get("finish_reason")
        if isinstance(finish, str) and finish.lower() in _INTERRUPTED:
            return f"the reply ended with {finish}: {error_words(stated) or 'no reason is stated'}"
        return f"the reply contains an error: {error_words(stated)}" if stated else None
    found = _error_object(body)
    if found is None or _stated_status(found) is not None:
        return None
    text = f"{found.get('code', '')} {found.get('type', '')} {error_words(found)}"
    return f"the reply is an error: {error_words(found) or text.strip()}" if _TEMPORARY.search(text) else None


def blocked_prompt(body: str) -> str | None:
    """Why a filter let no model see the prompt, as a body without any reply states it; None for other bodies.

    Gemini has ``promptFeedback`` in place of choices, also behind servers that translate; Azure has ``prompt_filter_results``.
    """
    parsed = _parsed(body)
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict) or _has_content(parsed.get("choices")):
        return None
    for feedback in (parsed.get(name) for name in ("promptFeedback", "prompt_feedback")):
        if isinstance(feedback, dict):
            fields = ("blockReason", "block_reason", "blockReasonMessage", "block_reason_message")
            if stated := [str(feedback[name]) for name in fields if feedback.get(name)]:
                return ": ".join(stated)
    results = parsed.get("prompt_filter_results")
    results = results if isinstance(results, list) else []
    filters = [each.get("content_filter_results") for each in results if isinstance(each, dict)]
    found = [pair for each in filters if isinstance(each, dict) for pair in each.items()]
    return ", ".join(name for name, each in found if isinstance(each, dict) and each.get("filtered") is True) or None


def _has_content(choices: object) -> bool:
    """Whether some choice has a message with content, or a text."""
    for choice in choices if isinstance(choices, list) else []:
        message = choice.get("message") if isinstance(choice, dict) else None
        if isinstance(choice, dict) and (choice.get("text") or (isinstance(message, dict) and message.get("content"))):
            return True
    return False


def _parsed(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _error_object(body: str) -> dict[str, object] | None:
    """What a body states in place of a completion, with the fields beside it; None for a completion and anything else."""
    parsed = _parsed(body)
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict) or parsed.get("choices"):
        return None
    if parsed.get("object") == "error":
        return parsed
    stated = next((parsed[name] for name in ("error", "errors", "detail", "base_resp") if parsed.get(name)), None)
    if isinstance(stated, list) and len(stated) == 1:
        (stated,) = stated
    if isinstance(stated, dict):
        return {**{name: parsed[name] for name in _STATUS_FIELDS if name in parsed}, **stated}
    return parsed if stated is not None or any(isinstance(parsed.get(name), str) for name in _MESSAGES) else None


def _stated_status(found: Mapping[str, object]) -> int | None:
    """An HTTP status of 400 to 599 under one of the usual names, as a number or as digits."""
    for name in _STATUS_FIELDS:
        text = str(found.get(name))
        if re.fullmatch(r"[45][0-9][0-9]", text):
            return int(text)
    return None


def _as_error(
    response: "httpx2.Response", *, status: int, body: Mapping[str, object] | None
) -> "openai.APIStatusError":
    import openai

    # Not the headers about the body, which this response does not have.
    headers = {name: text for name, text in response.headers.items() if name.startswith("retry-after")}
    as_error = type(response)(status_code=status, headers=headers, request=response.request)
    return openai.APIStatusError(error_words(body), response=as_error, body=body)
