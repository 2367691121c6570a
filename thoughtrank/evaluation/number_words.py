"""Numbers in English words, where an answer begins with one: "twelve", "one hundred and five apples"."""

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: number for number, word in enumerate(f"{_SMALL} eighteen nineteen".split())}
_VALUES |= {word: 10 * number for number, word in enumerate(_TENS.split(), start=2)}
_SCALES = {"thousand": 10**3, "million": 10**6}
_WORD = "|".join(sorted([*_VALUES, "hundred", *_SCALES], key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![\w.-])(?:{_WORD})(?:(?:\s+and\s+|\s+|-)(?:{_WORD}))*(?![\w-])"
    r"(?!\s+(?:and\s+a\s+half|half|halves|thirds?|quarters?|(?:four|fif|six|seven|eigh|nin|ten)ths?|of|that|which|who|way|more|less)\b)",
    re.IGNORECASE,
)
_BEGINS = re.compile(rf"\W*(?:(?:about|exactly|just|only|either)\s+)?(?={_NUMBER.pattern})", re.IGNORECASE)


def with_digits(claim: str) -> str:
    """A claim that begins with a number in words, with digits in their place; any other claim as it is."""
    if _BEGINS.match(claim) is None:
        return claim
    return _NUMBER.sub(lambda match: str(_value(re.findall(r"[a-z]+", match.group().lower()))), claim)


def _value(words: list[str]) -> int:
    total = part = 0
    for word in words:
        if word in _SCALES:
            total += (part or 1) * _SCALES[word]
            part = 0
        elif word == "hundred":
            part = (part or 1) * 100
        elif word != "and":
            part += _VALUES[word]
    return total + part
