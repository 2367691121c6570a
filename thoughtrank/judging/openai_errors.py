"""What an error of an OpenAI-compatible server means: a verdict, a fault of the user's, or an unreachable judge.

Error texts may carry the API key (some servers repeat the request), so each passes through ``redacted`` before it is
kept.
"""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from thoughtrank.errors import UserError
from thoughtrank.judging.looks import Status

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
_FILTERED = re.compile(r"content.?(?:filter|policy|management)|invalid_prompt", re.IGNORECASE)


class JudgeUnavailable(UserError):
    """The judge does not answer. The run stops, because going on would leave every answer unranked."""

    def __init__(self, *, url: str, what: str) -> None:
        super().__init__(
            f"the judge at {url} is not available: {what}. "
            "Everything judged so far is kept; the same command goes on from there."
        )


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
    """Raise if no other look can do better than the one that failed with this error; else return.

    Raises:
        JudgeUnavailable: no connection, a timeout, or 408, 409, 429, 5xx, each after all the client's retries.
        UserError: the key (401, 403), the model or the URL (404) is wrong, or the temperature is not supported.
    """
    status = getattr(error, "status_code", None)
    message = message_of(error, key)
    if status is None:
        cause = redacted(str(error.__cause__ or ""), key)[:200]
        raise JudgeUnavailable(url=url, what=f"{message} {cause}".strip()) from None
    if status in (401, 403):
        if key_env is None:
            raise UserError(
                f"the judge at {url} wants a key (HTTP {status}): name its variable in judge.api_key_env"
            ) from None
        raise UserError(
            f"the judge at {url} does not accept the key in {key_env} (HTTP {status}): export another"
        ) from None
    if status == 404:
        raise UserError(
            f"the judge at {url} knows no model {model!r}, or that is not its address (HTTP 404): {message}. "
            "Check judge.model and judge.base_url (most servers' ends in /v1)."
        ) from None
    if status in (408, 409, 429) or status >= 500:
        raise JudgeUnavailable(url=url, what=f"HTTP {status}: {message}") from None
    if status == 400 and (error.param == "temperature" or _NO_TEMPERATURE.search(message)):
        raise UserError(
            f"the judge {model} refuses judge.temperature: {message}. Set judge.temperature=null."
        ) from None


def _all_of(error: "openai.APIStatusError") -> str:
    return f"{error.code or ''} {error.param or ''} {error.message}"
