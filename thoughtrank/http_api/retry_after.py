"""How long a server asks its client to wait."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


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


def _number(text: str | None) -> float | None:
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
