r"""The number in which a reply ends that marks no answer: its last one, where that is what the reply concludes with.

It is none where it is one of two alternatives ("12 or 13"), a part of a formula (``3π``, ``2\sqrt{3}``), or an operand of a
calculation without a result ("7 * 8").
"""

import re

from thoughtrank.evaluation.numbers_in_text import NUMBER, value, written
from thoughtrank.evaluation.plain_text import plain

_ARGUMENT = r"\{(?:[^{}\n]|\{[^{}\n]*\})*\}"
_IN_ARGUMENT = re.compile(
    r"\\(?:sqrt|[dt]?frac|[dt]?binom)\s*(?:\[[^\]\n]*\]\s*)?(?:\{[^{}\n]*)?\Z"
    rf"|\\[dt]?(?:frac|binom)\s*{_ARGUMENT}\s*\{{[^{{}}\n]*\Z"
    r"|(?<![^\W_])(?:(?:sqrt|log|ln|exp|sin|cos|tan)(?:_\{?\w+\}?)?\s*[({]?|(?:max|min|gcd|lcm|[fgh])\()\s*\Z"
    r"|[√^_|]\s*[({]?\s*\Z"
)
_OPERATOR_BEFORE = re.compile(
    r"[0-9)}\]²³π]\s*(?:\*\*|[*/×÷^])\s*[$€£(]*\Z|[a-z][*/^]\Z|[0-9²³π]\s*[-+x]\s*[$€£(]*-?\Z|[)}\]]\s*[+x]\s*[$€£(]*-?\Z|[0-9]:\Z"
)
_FORMULA_AFTER = re.compile(
    r"\s*(?:[\^√π_∞]|\\(?:sqrt|pi|theta|alpha|beta|infty|d?frac|binom|log|ln|sin|cos|tan)(?![a-z]))"
    r"|[⁰¹²³⁴-⁹]|(?![ghlms])[a-z](?![^\W\d_])"
)
_ALTERNATIVE = re.compile(
    r"[0-9][^\n=.;!?]{0,30}?(?:\b(?:or|oder|ou|o(?!['’]))\b|或|還是|还是)[^\n=.,;!?0-9]{0,15}(?:=\s*)?\Z"
    r"|\bbetween\s+[$€£]?[0-9][^\n=;!?]{0,25}\band\s+[$€£]?\Z"
    r"|\b(?:maybe|perhaps|possibly)\b[^\n=;0-9]{0,10}[0-9][^\n=;]{0,25}\b(?:maybe|perhaps|possibly)\s+[$€£]?\Z",
    re.IGNORECASE,
)
_NEAR = 200
"""Characters before a number that decide what it is a part of."""
_POWER_OF_UNIT = re.compile(r"[0-9]\s*[A-Za-z]{1,12}\s*\^\s*\{?\s*\Z")


def unmarked_number(text: str) -> str | None:
    """The last number of a text, as ``written`` gives it; None where the text concludes with no single number."""
    text = plain(text)
    for found in reversed(list(NUMBER.finditer(text))):
        if value(found) is None:
            continue
        before = text[: found.start()].rpartition("\n")[2][-_NEAR:]
        if found.group() in ("2", "3") and _POWER_OF_UNIT.search(before):
            continue
        return None if _is_part(found, before) else written(found)
    return None


def _is_part(number: re.Match[str], before: str) -> bool:
    if _FORMULA_AFTER.match(number.string, number.end()) is not None:
        return True
    if re.match(r"0[0-9]", number.group()) and re.search(r"[0-9],\Z", before):  # of 1,00,000
        return True
    return any(pattern.search(before) for pattern in (_IN_ARGUMENT, _OPERATOR_BEFORE, _ALTERNATIVE))
