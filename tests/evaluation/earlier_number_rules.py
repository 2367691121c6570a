"""The rules for numbers before math-verify, which replies to word problems are still scored by. For tests only."""

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


_PHRASE = re.compile(r"\banswers?(?:\s+(?:to|for)\b[^.:\n]{0,80}?)?\s*(?:\bis\b|\bare\b|[:=])\s*[:=]?", re.IGNORECASE)
_CLAUSE_END = re.compile(r"\n|[.!?;](?=\s|$)")
_EXPLANATION = re.compile(r"\b(?:because|since|as|where|given|when|if|for|so)\b|\s\(|,\s(?!(?:and|or)?\s*[$€£]?[0-9])")
_HEDGE = re.compile(r"[0-9][^\n=]{0,20}(?:\b(?:or|and)\b|,\s|;)[^\n=]{0,20}(?:=\s*)?[$€£]?[0-9]")
_LONGEST_CLAIM = 500
"""Characters; a longer text is no final answer, and without a bound garbage would take quadratic time."""


def final_answer(text: str) -> str | None:
    r"""The final number of a reply, without currency, separators and units; None if there is none.

    If there is a ``\boxed{...}``, the last one alone counts. Otherwise: the last line that is ``####`` and a number, else the
    number of the last "answer is" or "answer:", else the last number of the text.
    """
    boxed = _boxed(text)
    if boxed is not None:
        return _concluded(plain(boxed))
    text = plain(text)
    for line in reversed(re.findall(r"####([^\n]*)", text)):
        # "#### Step 3: multiply" is a heading; only a line that is nothing but a number is an answer.
        if value_of(line) is not None:
            return _first(line)
    for phrase in reversed(list(_PHRASE.finditer(text))):
        if NUMBER.search(claim := _clause(text, phrase.end())):
            return _concluded(claim)
    return _last(text)


def is_right(reply: str, reference: str) -> bool:
    """Whether a reply ends in a number."""
    given = final_answer(reply)
    return given is not None and value_of(given) == value_of(reference)


def _boxed(text: str) -> str | None:
    """The content of the last closed ``\\boxed{...}``, braces balanced."""
    for start in reversed([match.end() for match in re.finditer(r"\\boxed\s*\{", text)]):
        depth = 1
        for offset, character in enumerate(text[start : start + _LONGEST_CLAIM]):
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return text[start : start + offset]
    return None


def _clause(text: str, start: int) -> str:
    """The rest of the sentence from ``start``, or the next line that has any text."""
    rest = text[start : start + _LONGEST_CLAIM].lstrip()
    end = _CLAUSE_END.search(rest)
    return rest[: end.start()] if end else rest


def _concluded(claim: str) -> str | None:
    """The number a claim concludes with: the result of a calculation ("3 + 2 = 5"), else its first number.

    None for two alternative numbers: a hedged answer is wrong.
    """
    for explanation in _EXPLANATION.finditer(claim):
        if NUMBER.search(claim, 0, explanation.start()):
            claim = claim[: explanation.start()]
            break
    if _HEDGE.search(claim):
        return None
    result = claim.rpartition("=")[2].strip(" \t\r\n.,()[]{}\\$*")
    if value_of(result) is not None:
        return _first(result)
    first = NUMBER.search(claim)
    return written(first) if first and value(first) is not None else None


def _first(text: str) -> str | None:
    found = NUMBER.search(plain(text))
    return written(found) if found else None


def _last(text: str) -> str | None:
    for found in reversed(list(NUMBER.finditer(text))):
        if value(found) is not None:
            return written(found)
    return None
