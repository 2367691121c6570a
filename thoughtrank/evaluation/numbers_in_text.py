"""Numbers as people and models write them: currency, thousands separators, fractions, LaTeX, unicode minus signs."""

import re
from fractions import Fraction

_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "⁄": "/", "\u00a0": " ", "\u202f": " "}
)

_LATEX = (
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"(?<=[0-9])(?:\{,\}|\\[,!;])(?=[0-9]{3})"), ","),  # 1{,}000 and 1\,000
    (re.compile(r"\\[,!;: ]|~"), " "),
    (re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"([0-9]?)\s*\\[dt]?frac\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))"), None),
    (re.compile(r"\\(?:left|right)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "÷"),
    (re.compile(r"(?<![\w)])-([$€£])"), r"\1-"),  # -$5 is $-5
    (re.compile(r"(?<![0-9A-Za-z)])(?:\*\*|__)|(?:\*\*|__)(?![0-9A-Za-z(])"), ""),  # bold, but not the power in 2**3
)

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

_UNITS = re.compile(r"[ \t]*[%°$€£]?(?:[ \t]*[^\W\d_]+[.²³]?(?:/[^\W\d_]+)?){0,3}")
_LONGEST = 200
"""Characters; a longer number is no answer, and Python does not convert very long ones."""


def with_plain_signs(text: str) -> str:
    """The text with ASCII minus signs, slashes and spaces in place of their unicode variants; no position changes."""
    return text.translate(_SIGNS)


def plain(text: str) -> str:
    """The text without LaTeX, bold marks and unicode signs, which hide numbers."""
    text = with_plain_signs(text)
    for pattern, replacement in _LATEX:
        text = pattern.sub(_fraction if replacement is None else replacement, text)
    return text


def _fraction(match: re.Match[str]) -> str:
    before, over, over_digit, under, under_digit = match.groups()
    space = f"{before} " if before else ""
    return f"{space}{over or over_digit}/{under or under_digit}"


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
