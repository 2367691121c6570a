"""Maps errors of an OpenAI-compatible server: to a verdict, a wrong setting, a retry, or an unavailable judge."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.http_api.api_keys import without_key
from thoughtrank.http_api.error_text import (
    certificate_error,
    is_key_refused,
    is_temporary,
    key_error,
    message_of,
    model_error,
)
from thoughtrank.http_api.retry_after import retry_after_in_words, retry_after_seconds
from thoughtrank.judging.openai.rejected_requests import (
    error_text,
    lacks_credit,
    limits_rate,
    mentions_schema,
    rejects_key,
    rejects_model,
    rejects_reply_limit,
    rejects_temperature,
    verdict_status,
)
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable

if TYPE_CHECKING:
    import openai

_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")
"""Errors before the request was sent, so that nothing was charged; by name, because the ``openai`` client uses one of two HTTP
libraries."""


def surely_unbilled(error: "openai.APIStatusError") -> bool:
    """The server turned the request away before any work: 429, or 503 by the API itself.

    A proxy sends 503 too, but also when the server behind it failed halfway; it has no error object and no Retry-After.
    """
    if error.status_code == 503:
        return isinstance(error.body, Mapping) or retry_after_seconds(error.response.headers) is not None
    return error.status_code == 429


def raise_unless_rejected(
    error: "openai.APIError",
    *,
    judge: str,
    key: str | None,
    key_env: str | None,
    model: str,
    request: Mapping[str, object] | None = None,
) -> None:
    """Raise unless the server rejected this one request, which is an outcome of the call.

    Args:
        error: as the client raised it.
        judge: how messages name it, with its address.
        key: the API key, to be left out of messages.
        key_env: the variable it was read from.
        model: that was requested.
        request: that was rejected; None where only the error is known.

    Raises:
        AttemptFailed: no connection, a timeout, a truncated reply, or 408, 409, 429, 5xx: another attempt may succeed.
        JudgeUnavailable: the account has no credit left.
        UserError: the server's certificate is not trusted; the key (401, 403), the model or the URL (404, 405) is wrong; or a
            setting is not supported.
    """
    import openai

    message = message_of(error, key)
    if not isinstance(error, openai.APIStatusError):
        cause = error.__cause__
        if certificate := certificate_error(cause, server=judge):
            raise certificate from None
        what = f"{message} {without_key(str(cause or ''), key)[:200]}".strip()
        raise AttemptFailed(judge=judge, what=what, maybe_charged=type(cause).__name__ not in _NEVER_SENT) from None
    if verdict_status(error) != "error":
        return
    status = error.status_code
    if lacks_credit(error):
        account = "the account" if key_env is None else f"the account of the key in {key_env}"
        raise JudgeUnavailable(judge=judge, what=f"{account} has no credit left (HTTP {status}): {message}") from None
    if limits_rate(error):
        raise _failed_attempt(error, judge=judge, message=message, request=request) from None
    if is_key_refused(status) or rejects_key(error):
        raise key_error(
            server=judge, status=status, key_env=key_env, setting="judge.api_key_env", message=message
        ) from None
    if rejects_model(error):
        raise model_error(
            server=judge,
            model=model,
            message=message,
            model_setting="judge.model",
            url_setting="judge.base_url",
            status=status,
        ) from None
    if is_temporary(status):
        raise _failed_attempt(error, judge=judge, message=message, request=request) from None
    _raise_for_setting(error, model=model, message=message, request=request)


def _raise_for_setting(
    error: "openai.APIStatusError", *, model: str, message: str, request: Mapping[str, object] | None
) -> None:
    """Raise UserError if the server does not take the temperature or the limit of the reply."""
    if rejects_temperature(error) and (request is None or "temperature" in request):
        raise UserError(
            f"the judge {model} refuses judge.temperature: {message}. Set judge.temperature=null."
        ) from None
    if rejects_reply_limit(error):
        raise UserError(f"the judge {model} refuses judge.max_reply_tokens: {message}. Set a lower one.") from None


def _failed_attempt(
    error: "openai.APIStatusError", *, judge: str, message: str, request: Mapping[str, object] | None
) -> AttemptFailed:
    schema = request is not None and "response_format" in request and mentions_schema(error)
    wait = retry_after_seconds(error.response.headers)
    hint = " (judge.json_schema=false sends no schema)" if schema else ""
    return AttemptFailed(
        judge=judge,
        what=f"HTTP {error.status_code}: {message}{hint}",
        retry_after=retry_after_in_words(error_text(error)) if wait is None else wait,
        maybe_charged=not surely_unbilled(error),
    )
