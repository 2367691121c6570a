"""Text without what hides its numbers: LaTeX, bold marks, unicode signs, separators of other countries."""

import re
import unicodedata

_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "⁄": "/", "\u00a0": " ", "\u202f": " "}
    | {"（": "(", "）": ")", "：": ":", "．": ".", "％": "%", "＝": "=", "＋": "+", "／": "/", "٫": ".", "٬": ","}
    | {chr(letter + 0xFEE0): chr(letter) for letter in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))}
)
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
"""Such as those of full width, of Arabic and of Devanagari."""

_LATEX = (
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"(?<=[0-9])(?:,\\!\s*|\{,\}|\\[,!;])(?=[0-9]{3})"), ","),  # 1{,}000 and 1\,000 and 1,\!000
    (re.compile(r"\^\s*\{?\s*\\circ(?![A-Za-z])\s*\}?"), "°"),
    (
        re.compile(r"\\(?:text|mathrm|mbox)\s*\{([^{}0-9]*[A-Za-z.]\s*)\}\s*\^\s*\{?\s*[23](?![0-9])\}?"),
        r" \1² ",
    ),  # cm^2
    (re.compile(r"\\[,!;: ]|~"), " "),
    (re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"([0-9]?)\s*\\[dt]?frac\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))"), None),
    (re.compile(r"\\(?:left|right)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "÷"),
    (re.compile(r"(?<![\w)])-([$€£])"), r"\1-"),  # -$5 is $-5
    (re.compile(r"(?<![0-9A-Za-z)])(?:\*\*|__)|(?:\*\*|__)(?![0-9A-Za-z(])"), ""),  # bold, but not the power in 2**3
)

_LEADS_TO_NUMBER = r"(?:\A|\b(?:is|are|be|was|were|equals|gives|get|about|exactly)\s+|[:=(*$\n]\s*)"
_MINUS = re.compile(rf"({_LEADS_TO_NUMBER})minus\s+(?=[$€£]?\.?[0-9])|\bnegative\s+(?=[$€£]?\.?[0-9])", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(rf"({_LEADS_TO_NUMBER}),(?=[0-9])", re.IGNORECASE)
_TIMES_POWER_OF_TEN = re.compile(
    r"(?<![\w.^)])([0-9]+(?:\.[0-9]+)?)\s*[*×·x]\s*10\s*"
    r"(?:\^\s*(?:\{\s*([-+]?[0-9]{1,2})\s*\}|([-+]?[0-9]{1,2}))|([⁻⁺]?[⁰¹²³⁴-⁹]{1,2}))(?![0-9⁰¹²³⁴-⁹])"
)
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_OTHER_GROUPS = re.compile(
    r"(?<![\w.,'’])[0-9]{1,3}"
    r"(?:(?:['’][0-9]{3})+(?![0-9'’])"
    r"|(?:_[0-9]{3})+(?!\w)"
    r"|(?:\.[0-9]{3}){2,}(?:,(?P<decimals>[0-9]+))?(?![0-9_]|[.,][0-9])"
    r"|(?:\.[0-9]{3})+,(?P<few>[0-9]{1,2})(?![\w%]|[.,][0-9]))"
)
"""Groups of thousands as in 1'000, 1_000, 1.000.000 and 1.234,50."""
_GROUPS = re.compile(r"(?<![0-9.,/])[0-9]{1,3}(?:[ \u2009][0-9]{3})+(?![0-9]|[ \u2009][0-9])")
_VULGAR = re.compile(r"([0-9]?)\s*([¼½¾⅐-⅞])")


def with_plain_signs(text: str) -> str:
    """The text with ASCII digits, minus signs, slashes and spaces for their unicode variants; no position changes."""
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), text.translate(_SIGNS))


def plain(text: str) -> str:
    """The text without LaTeX, bold marks, unicode signs and separators of other countries, which hide numbers."""
    text = _VULGAR.sub(_written_out, with_plain_signs(text))
    text = _OTHER_GROUPS.sub(_in_one_piece, text)
    text = _DECIMAL_COMMA.sub(r"\g<1>0.", _MINUS.sub(r"\g<1>-", text))
    for pattern, replacement in _LATEX:
        text = pattern.sub(_fraction if replacement is None else replacement, text)
    return _TIMES_POWER_OF_TEN.sub(_scientific, text)


def _written_out(match: re.Match[str]) -> str:
    sign = unicodedata.normalize("NFKD", match[2]).replace("\u2044", "/")
    return f"{match[1]} {sign}" if match[1] else sign


def _scientific(match: re.Match[str]) -> str:
    """``3e4`` for 3 × 10^4."""
    power = match[2] or match[3] or match[4].translate(_SUPERSCRIPT)
    return f"{match[1]}e{power}"


def _in_one_piece(match: re.Match[str]) -> str:
    whole = re.sub(r"\D", "", match.group().partition(",")[0])
    decimals = match["decimals"] or match["few"]
    return f"{whole}.{decimals}" if decimals else whole


def _fraction(match: re.Match[str]) -> str:
    before, over, over_digit, under, under_digit = match.groups()
    space = f"{before} " if before else ""
    return f"{space}{over or over_digit}/{under or under_digit}"


def without_spaced_groups(text: str) -> str:
    """The text with ``1000`` for ``1 000``; only for a text that states one number."""
    return _GROUPS.sub(lambda match: re.sub(r"\s", "", match.group()), text)
