"""Numbers as people and models write them: currency, thousands separators, fractions."""

import re
from fractions import Fraction

from thoughtrank.evaluation.plain_text import plain

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
NUMBER = re.compile(
    rf"""(?<![0-9A-Za-z_.])              # not inside a word, a version number or a longer number
    (?P<sign>(?<![\w)\]])[-+])?[$€£]?
    (?:(?P<whole>[0-9]+)\s(?=[0-9]+/))?  # 2 1/2
    (?:(?P<over>{_DIGITS})/(?P<under>[0-9]+)(?![0-9]|/[0-9])
      |(?P<decimal>{_DIGITS}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{{1,2}}(?![0-9]))?|\.[0-9]+))""",
    re.VERBOSE,
)
"""One number in text that ``plain`` has normalised."""

VARIABLE = r"(?:a|[⁰¹²³⁴-⁹]|[ \t]*[b-fijknopqru-zBDEGHIMOPQRSTUX-Zα-ωΑ-Ω])(?![^\W\d_]|[ \t]+[^\W\d_]{2})"
"""A single letter after a number that is no unit: ``2k`` is a formula, but ``2 a day`` and ``2 m`` are amounts."""
_UNITS = re.compile(rf"(?!{VARIABLE})[ \t]*[%°$€£]?(?:[ \t]*[^\W\d_]+[.²³]?(?:/[^\W\d_]+)?){{0,3}}")
_LONGEST = 200
"""Characters; a longer number is no answer, and Python does not convert very long ones."""


def value(number: re.Match[str]) -> Fraction | None:
    """The value of a match of ``NUMBER``; None for a division by zero and for absurd lengths."""
    if len(number.group()) > _LONGEST:
        return None
    if (decimal := number["decimal"]) is not None:
        size = Fraction(decimal.replace(",", ""))
    else:
        under = int(number["under"])
        if under == 0:
            return None
        size = Fraction(int(number["over"].replace(",", "")), under)
    if number["whole"] is not None:
        size += int(number["whole"])
    return -size if number["sign"] == "-" else size


def written(number: re.Match[str]) -> str:
    """A match of ``NUMBER`` without currency and separators, as ``value_of`` reads it back."""
    return re.sub(r"[$€£,+]", "", number.group())


def value_of(text: str) -> Fraction | None:
    """The value of a text that is one number with at most a unit ("$1,200", "12 apples", "50 %"); else None."""
    text = plain(text).strip().strip("$").rstrip(".").strip()
    number = NUMBER.match(text)
    if number is None or not _UNITS.fullmatch(text, number.end()):
        return None
    return value(number)


def agrees(given: str, expected: str) -> bool:
    """Whether two texts are the same number; False where one of them is no number.

    Equal, or equal when the one is rounded to the decimals of the other: at least 2 decimals, and at most 1 % apart. Only a
    decimal, or a fraction without an exact decimal, can be rounded: 12.004 is not 12, and 0.13 is not 1/8. Where 33.3 is
    expected, 100/3 is right, because nothing else can have been meant. 6.4 is 6.400000095367432, as it is stored with 32 bits,
    and 11/6 is 1.8333333333333335, as it is with 64.
    """
    wanted, found = value_of(expected), value_of(given)
    if wanted is None or found is None:
        return False
    if wanted == found:
        return True
    wanted_places, found_places = _places(expected, wanted), _places(given, found)
    places = min(wanted_places, found_places)
    difference = abs(wanted - found)
    if found_places < wanted_places and difference * _FLOAT32 <= abs(wanted):
        return True
    if places >= _FLOAT64_PLACES and difference * _FLOAT64 <= abs(wanted):
        return True
    fewest = 1 if found_places == _EXACT else _FEWEST_PLACES
    if places < fewest or wanted_places == found_places:
        return False
    return difference * 2 <= Fraction(1, 10**places) and difference * 100 <= abs(wanted)


_FEWEST_PLACES = 2
_FLOAT32 = 10**7
"""Decimals of a number that was stored with 32 bits agree to 1 in so many."""
_FLOAT64, _FLOAT64_PLACES = 10**15, 13
"""The same for 64 bits, which are only recognised in a number with many decimals."""
_EXACT = 10**6
"""More decimals than any number has: those of a fraction that no decimal is equal to."""


def _places(text: str, number: Fraction) -> int:
    """Decimals as written; 0 for whole numbers and for fractions with an exact decimal."""
    written_decimals = re.search(r"\.([0-9]+)", text)
    if written_decimals:
        return len(written_decimals[1])
    under = number.denominator
    for prime in (2, 5):
        while under % prime == 0:
            under //= prime
    return 0 if under == 1 else _EXACT
