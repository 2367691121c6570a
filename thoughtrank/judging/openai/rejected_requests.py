"""What a server means that rejects a request: by its words and codes, which differ from vendor to vendor."""

import re
from typing import TYPE_CHECKING

from thoughtrank.http_api.error_body import error_names, error_words, parsed_body
from thoughtrank.judging.protocol import Status

if TYPE_CHECKING:
    import openai

_NO_SCHEMA = re.compile(
    r"response_?format|json.?schema|response_?schema|output_?(?:format|config)|structured.?output|json.?mode|guided|grammar"
    r"|\bstrict\b|additional_?properties|too many states|\bschemas?\b|constrained|requested parameters",
    re.IGNORECASE,
)
_SCHEMA_STATUSES = (400, 404, 405, 422, 501)
"""404: routers that know no provider with such a feature."""

_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window|size|limit|overflow)|max(?:imum)?_?.?context|max_model_len"
    r"|maximum (?:supported )?(?:model|prompt|input|sequence) length|(?:input|prompt) (?:length|token count)\b.{0,20}exceeds"
    r"|prompt_tokens_exceeded|too many tokens|exceeds? max(?:imum)? length"
    r"|(?:prompt|input|inputs|request|messages?) (?:is |are |was )?too (?:long|large)|string too long|string_above_max_length"
    r"|input token count (?:is \d+ but|.{0,40}exceeds)|exceed\w*.{0,20}(?:model )?token limit"
    r"|exceeds the maximum number of (?:input )?tokens"
    r"|inputs?`? tokens \+|inputs?`? must have less than \d+ tokens|range of input length|reduce the length|payload too large"
    r"|too many input tokens|exceed_context|(?:input|prompt) tokens? exceeds?|exceeds? max message tokens|characters? limit is"
    r"|max(?:imum)? input characters"
    r"|max_(?:completion_)?tokens must be at least 1, got -|prompt 超长",
    re.IGNORECASE,
)
_TOO_LARGE_FOR_RATE = re.compile(r"request too large", re.IGNORECASE)
"""With status 429: a single request above the limit per minute, which no waiting helps."""

_RATES = frozenset({429, 502, 503, 504, 529})
"""Statuses whose words about tokens are about rates and load."""

_SETTINGS = frozenset({401, 402, 404, 405})
"""Statuses that are about the key, the account, the model or the URL, whatever the words are."""

_FILTERED = re.compile(
    r"content.?(?:filter|policy|management|exists.?risk|moderation|blocked)|invalid_prompt|responsible.?ai|moderation"
    r"|(?:was|were|been) flagged|data.?inspection.?failed|inappropriate content|sensitive (?:content|information|words?)"
    r"|usage (?:guidelines|polic)|safety (?:check|filter|reasons|system|setting)|prohibited.?content|guardrail|block.?reason"
    r"|prompt (?:was |is |has been )?blocked"
    r"|violates? (?:our|the|content)|\w_sensitive\b|敏感|不安全|违规",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"insufficient.{0,3}(?:quota|credits?|balance|funds)|credit balance|billing.?(?:hard.?limit|not.?active)"
    r"|(?:out of|no|any|more|add|purchase|required) credits|account (?:is )?(?:not active|in arrears|suspended)|arrearage"
    r"|payment.required|balance is insufficient|account\b.{0,40}\bsuspended|余额不足|欠费",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"(?:invalid|unknown|no such|unsupported) model\b|model_not_found|not a valid model"
    r"|model\b.{0,100}(?:not exist|not found|is not available|not loaded|decommissioned|no longer)|model_not_available"
    r"|no models? (?:is |are )?loaded",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"api.?key.{0,20}(?:not valid|invalid|missing|expired|required)|invalid.{0,3}api.?key|login fail", re.IGNORECASE
)
_LIMIT = re.compile(
    r"max_(?:completion_|output_|new_)?tokens.{0,80}(?:too large|at most|must be|less than|maximum|valid range|should be)"
    r"|(?:range|value) (?:of|for) max_\w*tokens",
    re.IGNORECASE | re.DOTALL,
)
_RATE = re.compile(r"rate.?limit|too many (?:concurrent )?requests|concurrency.?limit", re.IGNORECASE)
_TEMPERATURE = re.compile(r"\btemperature\b", re.IGNORECASE)


def error_text(error: "openai.APIStatusError") -> str:
    """Codes, types, parameters and words of an error in one text, for patterns."""
    body = parsed_body(error)
    return " ".join([*error_names(body), str(error.code or ""), error_words(body) or error.message])


def rejects_schema(error: "openai.APIStatusError") -> bool:
    """The server rejects the request because of ``response_format``."""
    return error.status_code in _SCHEMA_STATUSES and bool(_NO_SCHEMA.search(error_text(error)))


def mentions_schema(error: "openai.APIStatusError") -> bool:
    """The error may be about ``response_format``, whatever its status."""
    return bool(_NO_SCHEMA.search(error_text(error)))


def requires_max_completion_tokens(error: "openai.APIStatusError") -> bool:
    """The server requires ``max_completion_tokens`` for the reply's limit, as OpenAI's newer models do."""
    text = error_text(error)
    return error.status_code in (400, 422) and "max_completion_tokens" in text and not _TOO_LONG.search(text)


def rejects_temperature(error: "openai.APIStatusError") -> bool:
    """The server does not take the temperature; its words may only state which values it takes."""
    return error.status_code in (400, 422) and bool(_TEMPERATURE.search(error_text(error)))


def rejects_reply_limit(error: "openai.APIStatusError") -> bool:
    """The server does not take so many tokens for a reply."""
    return error.status_code in (400, 422) and bool(_LIMIT.search(error_text(error)))


def rejects_model(error: "openai.APIStatusError") -> bool:
    """The server does not know the model or the path of the URL."""
    if error.status_code in (404, 405):
        return True
    return error.status_code in (400, 422) and bool(_NO_MODEL.search(error_text(error)))


def rejects_key(error: "openai.APIStatusError") -> bool:
    """The server does not accept the key, although the status is that of a bad request."""
    return error.status_code == 400 and bool(_NO_KEY.search(error_text(error)))


def limits_rate(error: "openai.APIStatusError") -> bool:
    """The server has too many requests, although the status is that of a bad or forbidden one."""
    return error.status_code in (400, 403) and bool(_RATE.search(error_text(error)))


def lacks_credit(error: "openai.APIStatusError") -> bool:
    """The account of the key has no credit left."""
    return error.status_code == 402 or (error.status_code < 500 and bool(_NO_CREDIT.search(error_text(error))))


def verdict_status(error: "openai.APIStatusError") -> Status:
    """The status of a request that the server rejected: ``too_long``, ``refused``, or ``error`` for anything else."""
    status, text = error.status_code, error_text(error)
    if status in _SETTINGS:
        return "error"
    too_long = _TOO_LARGE_FOR_RATE if status in _RATES else _TOO_LONG
    if status == 413 or (status != 403 and too_long.search(text)):
        return "too_long"
    return "refused" if status < 500 and status != 429 and _FILTERED.search(text) else "error"
