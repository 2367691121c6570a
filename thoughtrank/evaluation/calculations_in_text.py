"""Calculations that a text writes out, such as "12 apples - 5 = 7" or "half of 12 is 6", and which of them are wrong. Pure."""

import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from thoughtrank.evaluation.plain_text import plain

_NUMBER = r"[0-9]{1,12}(?:,[0-9]{3})*(?:\.[0-9]{1,12})?"
_UNIT = r"(?:[ \t]+(?!x\b)[^\W\d_]+){0,3}"
_OPERAND = rf"[$€£]?{_NUMBER}{_UNIT}"
_OPERATOR = r"[ \t]*(?:[-+*/×÷]|\bx\b)[ \t]*"
_END = rf"(?P<result>-?{_NUMBER})(?![\w%/^]|[.,][0-9]|{_UNIT}[ \t]*[-+*/×÷^(])"
_CALCULATION = re.compile(
    rf"(?<![\w.,)%^*/×÷+-])(?<![-+*/×÷^(][ \t])"
    rf"(?P<terms>{_OPERAND}(?:{_OPERATOR}{_OPERAND}){{1,20}})"
    rf"[ \t]*=[ \t]*[$€£]?{_END}"
)
"""A chain of numbers and operators with one number as its result; no brackets, powers or percentages."""
_IS = rf"[ \t]+(?:is|are|equals|gives|makes)[ \t]+[$€£]?{_END}"
_IN_WORDS = (
    # A part of a longer calculation is left out: "one and a half of 4", "3 plus 2 times 4".
    re.compile(
        rf"(?<!and )(?<!and a )\b(?P<word>half|third|quarter|fifth) of [$€£]?(?P<first>{_NUMBER}){_UNIT}{_IS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?P<word>sum|difference|product|quotient) (?:of|between) "
        rf"[$€£]?(?P<first>{_NUMBER}){_UNIT} and [$€£]?(?P<second>{_NUMBER}){_UNIT}{_IS}",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!and )(?<!of )(?<!plus )(?<!minus )(?<!times )(?<!by )(?<![\w.,)%^*/×÷+-])"
        rf"[$€£]?(?P<first>{_NUMBER}){_UNIT} (?P<word>plus|minus|times|multiplied by|divided by) "
        rf"[$€£]?(?P<second>{_NUMBER}){_UNIT}{_IS}",
        re.IGNORECASE,
    ),
)
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5}
_WORDS: dict[str, tuple[str, Callable[[Fraction, Fraction], Fraction]]] = {
    "sum": ("+", operator.add),
    "plus": ("+", operator.add),
    "difference": ("-", lambda first, second: abs(first - second)),
    "minus": ("-", operator.sub),
    "product": ("*", operator.mul),
    "times": ("*", operator.mul),
    "multiplied by": ("*", operator.mul),
    "quotient": ("/", operator.truediv),
    "divided by": ("/", operator.truediv),
}
_SIGNS = {"x": "*", "×": "*", "÷": "/"}
"""Other spellings of the signs."""
_TERM = re.compile(rf"(?P<operator>[-+*/×÷x])?[ \t]*[$€£]?(?P<number>{_NUMBER})")
_OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": operator.mul,
    "x": operator.mul,
    "×": operator.mul,
    "/": operator.truediv,
    "÷": operator.truediv,
}


VERSION = 2
"""Of the rules; part of the fingerprint of a selection that follows them."""

_NEAR = 20
"""A whole number as a rounded result differs by at most a twentieth: "365 / 7 = 52" is rounded, "6 / 5 = 1" is wrong."""


class Calculation(NamedTuple):
    """One calculation of a text.

    Attributes:
        text: as it is written.
        is_right: whether the result is that of the calculation, as it is or rounded to the decimals it is written with; to a
            whole number only where that changes it by a twentieth at most.
        signs: of the operations it is made of: +, -, * and /, however they are written.
    """

    text: str
    is_right: bool
    signs: frozenset[str]


def calculations(text: str) -> Iterator[Calculation]:
    """The calculations of ``text`` that can be read: numbers with the four basic operations and units, first those with signs,
    then those in words.

    A part of a longer formula, one with brackets, powers or percentages, and one whose result is calculated with at once
    ("2 + 3 = 5 * 4") is left out, because it may mean something else.
    """
    text = plain(text)
    for match in _CALCULATION.finditer(text):
        value = _value(match["terms"])
        if value is not None:
            yield Calculation(match.group().strip(), _states(match["result"], value), _signs(match["terms"]))
    for pattern in _IN_WORDS:
        for match in pattern.finditer(text):
            value = _value_in_words(match)
            if value is not None:
                word = match["word"].lower()
                sign = "/" if word in _PARTS else _WORDS[word][0]
                yield Calculation(match.group().strip(), _states(match["result"], value), frozenset(sign))


def wrong_calculations(*texts: str) -> list[str]:
    """The calculations of all ``texts`` with a wrong result, as they are written."""
    return [each.text for text in texts for each in calculations(text) if not each.is_right]


def _value(terms: str) -> Fraction | None:
    """The value of a chain, products before sums; None for a division by zero."""
    total, product, sign = Fraction(0), Fraction(1), 1
    for match in _TERM.finditer(terms):
        number, written = _number(match["number"]), match["operator"]
        if written in _OPERATIONS:
            if written in "/÷" and not number:
                return None
            product = _OPERATIONS[written](product, number)
            continue
        if written is not None:
            total += sign * product
        product, sign = number, -1 if written == "-" else 1
    return total + sign * product


def _signs(terms: str) -> frozenset[str]:
    """The operations of a chain; the first of its terms has none."""
    written = (match["operator"] for match in _TERM.finditer(terms))
    return frozenset(_SIGNS.get(sign, sign) for sign in written if sign)


def _value_in_words(match: re.Match[str]) -> Fraction | None:
    """The value of a calculation in words; None for a division by zero."""
    first, word = _number(match["first"]), match["word"].lower()
    if word in _PARTS:
        return first / _PARTS[word]
    second = _number(match["second"])
    return _WORDS[word][1](first, second) if second or word not in ("quotient", "divided by") else None


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def _states(result: str, value: Fraction) -> bool:
    """Whether ``result`` is ``value``, or what it is when rounded to as many decimals; a whole number only if it is near."""
    difference = abs(_number(result) - value)
    _, point, decimals = result.partition(".")
    if point:
        return difference * 2 * 10 ** len(decimals) <= 1
    return difference * 2 < 1 and difference * _NEAR <= abs(value)
