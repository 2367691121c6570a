"""How long a server asks its client to wait."""

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_IN_WORDS = re.compile(
    r"(?:retry_?delay\W{1,5}|(?:try again|retry)(?: your request)? (?:in|after) (?:about )?)"
    r"(?:(?P<minutes>[0-9]{1,3}) ?m(?:in(?:utes?)?)?(?![a-z]),? ?)?"
    r"(?:(?P<number>[0-9]{1,6}(?:\.[0-9]+)?) ?(?P<unit>ms|milliseconds?|s|sec(?:onds?)?)\b)?",
    re.IGNORECASE,
)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms``, or from ``retry-after`` as seconds or as a date (RFC 9110, section 10.2.3).

    Args:
        headers: of the response; names in lower case, or a mapping that ignores case.

    Returns:
        At least 0; None if neither header has a usable value.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    stated = headers.get("retry-after")
    seconds = _number(stated)
    if seconds is None and stated is not None:
        try:
            seconds = parsedate_to_datetime(stated).timestamp() - time.time()
        except ValueError:
            return None
    return None if seconds is None else max(0.0, seconds)


def retry_after_in_words(text: str) -> float | None:
    """Seconds that the words of an error state: "try again in 20s", "in 1m30s", Google's ``retryDelay: 20s``."""
    found = _IN_WORDS.search(text)
    if found is None or not (found["minutes"] or found["number"]):
        return None
    number = float(found["number"] or 0)
    return 60.0 * int(found["minutes"] or 0) + (number / 1000 if (found["unit"] or "").startswith("m") else number)


def _number(text: str | None) -> float | None:
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
