"""Words that scale a number, so that 1.5 million is 1500000, and is not 1.5 billion."""

import re

from thoughtrank.evaluation.numbers_in_text import NUMBER, agrees, value_of, written
from thoughtrank.evaluation.plain_text import plain

_SCALES = {"dozen": 12, "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SCALE = re.compile(rf"\s*({'|'.join(_SCALES)})s?\b", re.IGNORECASE)


def agrees_in_scale(given: str, number: str, reference: str) -> bool:
    """Whether a reply states the number of a reference, in the same scale or another.

    A scale that one of them leaves out does not count: "1.5" and "1500000" are both right for "1.5 million".

    Args:
        given: the reply, or the part of it that states the answer.
        number: that is taken as its answer, as ``written`` gives it.
        reference: a number, with its scale if it has one.
    """
    scale, wanted_scale = _scale(given, number), _scale(reference, None)
    if (scale == wanted_scale or 1 in (scale, wanted_scale)) and agrees(number, reference):
        return True
    size, wanted = value_of(number), value_of(reference)
    return size is not None and wanted is not None and size * scale == wanted * wanted_scale


def _scale(text: str, number: str | None) -> int:
    """Of the last place where a text has this number, or any."""
    text = plain(text)
    found = [each for each in NUMBER.finditer(text) if number is None or written(each) == number]
    match = _SCALE.match(text, found[-1].end()) if found else None
    return _SCALES[match[1].lower()] if match else 1
