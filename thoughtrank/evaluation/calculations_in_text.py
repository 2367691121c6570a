"""Calculations that a text writes out, such as "12 apples - 5 = 7", and which of them are wrong. Pure."""

import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from thoughtrank.evaluation.numbers_in_text import plain

_NUMBER = r"[0-9]{1,12}(?:,[0-9]{3})*(?:\.[0-9]{1,12})?"
_UNIT = r"(?:[ \t]+(?!x\b)[^\W\d_]+){0,3}"
_OPERAND = rf"[$€£]?{_NUMBER}{_UNIT}"
_OPERATOR = r"[ \t]*(?:[-+*/×÷]|\bx\b)[ \t]*"
_CALCULATION = re.compile(
    rf"(?<![\w.,)%^*/×÷+-])(?<![-+*/×÷^(][ \t])"
    rf"(?P<terms>{_OPERAND}(?:{_OPERATOR}{_OPERAND}){{1,20}})"
    rf"[ \t]*=[ \t]*[$€£]?(?P<result>-?{_NUMBER})(?![\w%/^]|[.,][0-9]|{_UNIT}[ \t]*[-+*/×÷^(])"
)
"""A chain of numbers and operators with one number as its result; no brackets, powers or percentages."""
_TERM = re.compile(rf"(?P<operator>[-+*/×÷x])?[ \t]*[$€£]?(?P<number>{_NUMBER})")
_OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": operator.mul,
    "x": operator.mul,
    "×": operator.mul,
    "/": operator.truediv,
    "÷": operator.truediv,
}


class Calculation(NamedTuple):
    """One calculation of a text.

    Attributes:
        text: as it is written.
        is_right: whether the result is that of the calculation, as it is or rounded to the decimals it is written with.
    """

    text: str
    is_right: bool


def calculations(text: str) -> Iterator[Calculation]:
    """The calculations of ``text``, in order, that can be read: numbers with the four basic operations and units.

    A part of a longer formula, one with brackets, powers or percentages, and one whose result is calculated with at once
    ("2 + 3 = 5 * 4") is left out, because it may mean something else.
    """
    for match in _CALCULATION.finditer(plain(text)):
        value = _value(match["terms"])
        if value is not None:
            yield Calculation(match.group().strip(), _states(match["result"], value))


def wrong_calculations(*texts: str) -> list[str]:
    """The calculations of all ``texts`` with a wrong result, as they are written."""
    return [each.text for text in texts for each in calculations(text) if not each.is_right]


def _value(terms: str) -> Fraction | None:
    """The value of a chain, products before sums; None for a division by zero."""
    total, product, sign = Fraction(0), Fraction(1), 1
    for match in _TERM.finditer(terms):
        number, written = Fraction(match["number"].replace(",", "")), match["operator"]
        if written in _OPERATIONS:
            if written in "/÷" and not number:
                return None
            product = _OPERATIONS[written](product, number)
            continue
        if written is not None:
            total += sign * product
        product, sign = number, -1 if written == "-" else 1
    return total + sign * product


def _states(result: str, value: Fraction) -> bool:
    """Whether ``result`` is ``value``, or what it is when rounded to as many decimals."""
    stated = Fraction(result.replace(",", ""))
    _, point, decimals = result.partition(".")
    difference = abs(stated - value) * 2 * 10 ** len(decimals)
    return difference <= 1 if point else difference < 1
