"""What an error of an OpenAI-compatible server means: a verdict, a fault of the user's, or an unreachable judge.

Error texts may carry the API key (some servers repeat the request), so each passes through ``redacted`` before it is
kept.
"""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AttemptFailed, JudgeUnavailable, Status

if TYPE_CHECKING:
    import openai

_SHORTEST_SECRET = 6
"""Characters; placeholders such as "none" and "x" are no secrets, and replacing them would garble every message."""

_NO_SCHEMA = re.compile(r"response_format|json_schema|structured.?output|guided|grammar", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum context|max_model_len|too many tokens|prompt is too long", re.IGNORECASE
)
_NO_TEMPERATURE = re.compile(
    r"(?:unsupported|not support)\w*.{0,40}temperature|temperature.{0,40}(?:unsupported|not support)", re.IGNORECASE
)
_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")
"""By name, because the ``openai`` client comes with one of two HTTP libraries: nothing can have been charged for these."""

_FILTERED = re.compile(r"content.?(?:filter|policy|management)|invalid_prompt", re.IGNORECASE)


def redacted(text: str, key: str | None) -> str:
    """The text without the API key."""
    return text.replace(key, "[redacted]") if key and len(key) >= _SHORTEST_SECRET else text


def shown_url(url: str) -> str:
    """Scheme, host, port and path of a URL; user names, passwords and queries may be secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def message_of(error: "openai.APIError", key: str | None) -> str:
    """The server's own words in one line, without the key, at most 300 characters."""
    text = f"{error.code or ''} {error.message}".strip()
    return redacted(" ".join(text.split()), key)[:300]


def knows_no_schema(error: "openai.APIStatusError") -> bool:
    """The server refuses the request because of ``response_format``."""
    return error.status_code in (400, 422) and bool(_NO_SCHEMA.search(_all_of(error)))


def wants_other_limit(error: "openai.APIStatusError") -> bool:
    """The server wants the reply's limit as ``max_completion_tokens``, as OpenAI's newer models do."""
    text = _all_of(error)
    return error.status_code == 400 and "max_completion_tokens" in text and not _TOO_LONG.search(text)


def status_of(error: "openai.APIStatusError") -> Status:
    """The status of a look that a server refused: ``too_long``, ``refused``, or ``error`` for anything else."""
    text = _all_of(error)
    if error.status_code == 413 or _TOO_LONG.search(text):
        return "too_long"
    return "refused" if _FILTERED.search(text) else "error"


def raise_for_run(error: "openai.APIError", *, url: str, key: str | None, key_env: str | None, model: str) -> None:
    """Raise if the request itself is not what failed; else return.

    Raises:
        AttemptFailed: no connection, a timeout, a cut reply, or 408, 409, 429, 5xx: another attempt may succeed.
        JudgeUnavailable: the account's quota is used up.
        UserError: the key (401, 403), the model or the URL (404) is wrong, or the temperature is not supported.
    """
    judge = f"the judge at {url}"
    message = message_of(error, key)
    status = getattr(error, "status_code", None)
    if status is None:
        cause = error.__cause__
        what = f"{message} {redacted(str(cause or ''), key)[:200]}".strip()
        raise AttemptFailed(judge=judge, what=what, maybe_charged=type(cause).__name__ not in _NEVER_SENT) from None
    if status in (401, 403):
        if key_env is None:
            raise UserError(f"{judge} wants a key (HTTP {status}): name its variable in judge.api_key_env") from None
        raise UserError(f"{judge} does not accept the key in {key_env} (HTTP {status}): export another") from None
    if status == 404:
        raise UserError(
            f"{judge} knows no model {model!r}, or that is not its address (HTTP 404): {message}. "
            "Check judge.model and judge.base_url (most servers' ends in /v1)."
        ) from None
    if error.code == "insufficient_quota":
        raise JudgeUnavailable(judge=judge, what=f"HTTP {status}: {message}") from None
    if status in (408, 409, 429) or status >= 500:
        response = getattr(error, "response", None)
        retry_after = None if response is None else retry_after_seconds(response.headers)
        raise AttemptFailed(judge=judge, what=f"HTTP {status}: {message}", retry_after=retry_after) from None
    if status == 400 and (error.param == "temperature" or _NO_TEMPERATURE.search(message)):
        raise UserError(
            f"the judge {model} refuses judge.temperature: {message}. Set judge.temperature=null."
        ) from None


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait: ``retry-after-ms``, or ``retry-after`` as seconds or as a date (RFC 9110)."""
    asked = headers.get("retry-after")
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        if asked is not None:
            return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return None if asked is None else max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def _all_of(error: "openai.APIStatusError") -> str:
    return f"{error.code or ''} {error.param or ''} {error.message}"
