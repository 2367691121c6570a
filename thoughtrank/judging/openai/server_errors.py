"""Maps errors of an OpenAI-compatible server: to a verdict, a wrong setting, a retry, or an unavailable judge."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import without_key
from thoughtrank.http_api.error_text import is_key_refused, is_temporary, key_error, message_of, model_error
from thoughtrank.http_api.retry_after import retry_after_seconds
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable, Status

if TYPE_CHECKING:
    import httpx2
    import openai

_NO_SCHEMA = re.compile(r"response_format|json_schema|structured.?output|guided|grammar", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum context|max_model_len|too many tokens|prompt is too long", re.IGNORECASE
)
_NO_TEMPERATURE = re.compile(
    r"(?:unsupported|not support)\w*.{0,40}temperature|temperature.{0,40}(?:unsupported|not support)", re.IGNORECASE
)
_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")
"""Errors before the request was sent, so that nothing was charged; by name, because the ``openai`` client uses one of two HTTP
libraries."""

_FILTERED = re.compile(r"content.?(?:filter|policy|management)|invalid_prompt", re.IGNORECASE)


def error_in_body(response: "httpx2.Response", body: str) -> "openai.APIStatusError | None":
    """The error that a response with status 200 carries in place of a completion, if it states a status.

    Args:
        response: with status 200.
        body: its body, without the key.
    """
    import openai

    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or parsed.get("choices"):
        return None
    stated = parsed if parsed.get("object") == "error" else parsed.get("error")
    if not isinstance(stated, dict) or (status := _stated_status(stated)) is None:
        return None
    as_error = type(response)(status_code=status, headers={**response.headers}, request=response.request)
    return openai.APIStatusError(str(stated.get("message", "")), response=as_error, body=stated)


def _stated_status(stated: Mapping[str, object]) -> int | None:
    """An HTTP status of 400 to 599 under ``code`` or ``status``, as a number or as digits."""
    for name in ("code", "status"):
        text = str(stated.get(name))
        if re.fullmatch(r"[45][0-9][0-9]", text):
            return int(text)
    return None


def surely_unbilled(error: "openai.APIStatusError") -> bool:
    """The server turned the request away before any work: 429, or 503 by the API itself.

    A proxy sends 503 too, but also when the server behind it failed halfway; it has no error object and no Retry-After.
    """
    if error.status_code == 503:
        return isinstance(error.body, Mapping) or retry_after_seconds(error.response.headers) is not None
    return error.status_code == 429


def rejects_schema(error: "openai.APIStatusError") -> bool:
    """The server rejects the request because of ``response_format``."""
    return error.status_code in (400, 422) and bool(_NO_SCHEMA.search(_full_text(error)))


def requires_max_completion_tokens(error: "openai.APIStatusError") -> bool:
    """The server requires ``max_completion_tokens`` for the reply's limit, as OpenAI's newer models do."""
    text = _full_text(error)
    return error.status_code == 400 and "max_completion_tokens" in text and not _TOO_LONG.search(text)


def verdict_status(error: "openai.APIStatusError") -> Status:
    """The status of a request that the server rejected: ``too_long``, ``refused``, or ``error`` for anything else."""
    text = _full_text(error)
    if error.status_code == 413 or _TOO_LONG.search(text):
        return "too_long"
    return "refused" if _FILTERED.search(text) else "error"


def raise_unless_rejected(
    error: "openai.APIError", *, url: str, key: str | None, key_env: str | None, model: str
) -> None:
    """Raise unless the server rejected this one request, which is an outcome of the call.

    Raises:
        AttemptFailed: no connection, a timeout, a truncated reply, or 408, 409, 429, 5xx: another attempt may succeed.
        JudgeUnavailable: the account's quota is used up.
        UserError: the key (401, 403), the model or the URL (404) is wrong, or the temperature is not supported.
    """
    import openai

    judge = f"the judge at {url}"
    message = message_of(error, key)
    if not isinstance(error, openai.APIStatusError):
        cause = error.__cause__
        what = f"{message} {without_key(str(cause or ''), key)[:200]}".strip()
        raise AttemptFailed(judge=judge, what=what, maybe_charged=type(cause).__name__ not in _NEVER_SENT) from None
    status = error.status_code
    if is_key_refused(status):
        raise key_error(server=judge, status=status, key_env=key_env, setting="judge.api_key_env") from None
    if status == 404:
        raise model_error(
            server=judge, model=model, message=message, model_setting="judge.model", url_setting="judge.base_url"
        ) from None
    if error.code == "insufficient_quota":
        raise JudgeUnavailable(judge=judge, what=f"HTTP {status}: {message}") from None
    if is_temporary(status):
        retry_after = retry_after_seconds(error.response.headers)
        raise AttemptFailed(
            judge=judge,
            what=f"HTTP {status}: {message}",
            retry_after=retry_after,
            maybe_charged=not surely_unbilled(error),
        ) from None
    if status == 400 and (error.param == "temperature" or _NO_TEMPERATURE.search(message)):
        raise UserError(
            f"the judge {model} refuses judge.temperature: {message}. Set judge.temperature=null."
        ) from None


def _full_text(error: "openai.APIStatusError") -> str:
    return f"{error.code or ''} {error.param or ''} {error.message}"
