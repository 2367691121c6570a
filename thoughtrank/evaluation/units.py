"""Units of measurement after a number, so that 5 m is not 5 km, and 5000 m is.

math-verify and the usual graders drop units. Here they count where both the reference and the reply have a known one of the
same dimension; everything else, such as "5 apples", an unknown unit, or a reply without one, is compared by its number alone.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from thoughtrank.evaluation.numbers_in_text import NUMBER, agrees, value_of, written
from thoughtrank.evaluation.plain_text import plain


class Unit(NamedTuple):
    """A unit.

    Attributes:
        name: one for all ways to write it.
        dimension: with powers and what it is divided by, such as ``length 2`` or ``length 1 per time``.
        factor: its size in the smallest convenient unit; None where it cannot be converted exactly.
    """

    name: str
    dimension: str
    factor: Fraction | None


_LENGTH = {
    "mm": "1",
    "cm": "10",
    "dm": "100",
    "m": "1000",
    "km": "1000000",
    "inch": "25.4",
    "ft": "304.8",
    "yd": "914.4",
}
_KINDS: dict[str, dict[str, str | None]] = {
    "length": {**_LENGTH, "mile": "1609344"},
    "mass": {"mg": "1", "g": "1000", "kg": "1000000", "tonne": "1000000000", "oz": "28349.523125", "lb": "453592.37"},
    "volume": {"ml": "1", "cl": "10", "dl": "100", "l": "1000"},
    "time": {"ms": "1", "s": "1000", "min": "60000", "h": "3600000", "day": "86400000", "week": "604800000"},
    "currency": {"cent": "1", "dollar": "100", "euro": None, "£": None},
    "angle": {"degree": None, "radian": None},
    "temperature": {"celsius": None, "fahrenheit": None, "kelvin": None},
}
_KINDS["time"] |= {"month": "2629800000", "year": "31557600000"}
_WRITTEN = {
    "millimeter millimetre": "mm",
    "centimeter centimetre": "cm",
    "decimeter decimetre": "dm",
    "meter metre": "m",
    "kilometer kilometre": "km",
    "inch inches": "inch",
    "foot feet ft": "ft",
    "yard yd": "yd",
    "mile mi": "mile",
    "milligram": "mg",
    "gram gramme": "g",
    "kilogram kilo": "kg",
    "tonne": "tonne",
    "ounce oz": "oz",
    "pound lb": "lb",
    "milliliter millilitre mL": "ml",
    "centiliter centilitre cL": "cl",
    "deciliter decilitre dL": "dl",
    "liter litre L": "l",
    "millisecond": "ms",
    "second sec": "s",
    "minute min": "min",
    "hour hr": "h",
    "day": "day",
    "week": "week",
    "month": "month",
    "year yr": "year",
    "cent ¢": "cent",
    "dollar $": "dollar",
    "euro €": "euro",
    "degree °": "degree",
    "radian rad": "radian",
    "°C": "celsius",
    "°F": "fahrenheit",
    "kelvin": "kelvin",
}
_ABBREVIATED = {"£": "£"} | {name: name for kind in _KINDS.values() for name in kind if len(name) <= 2}
_NAMES = _ABBREVIATED | {each: name for words, name in _WRITTEN.items() for each in words.split()}
_DIMENSION = {name: dimension for dimension, kind in _KINDS.items() for name in kind}

_WORD = r"°[CF](?![A-Za-z])|[$€£¢°]|[^\W\d_²³]+"
_AFTER_NUMBER = re.compile(
    rf"[ \t]*(?:-[ \t]*)?(?P<power_word>square|sq\.?|cubic)?[ \t]*(?P<unit>{_WORD})\.?"
    r"(?:\s*\^?\s*\{?\s*(?P<power>[²³]|(?<=\^)[23]|(?<=\^\{)[23])\s*\}?)?"
    r"(?:(?:\s*/\s*|\s+per\s+|\s+an?\s+)(?P<per>[^\W\d_]+))?",
    re.IGNORECASE,
)


def unit_after(text: str, number: re.Match[str]) -> Unit | None:
    """The unit of a number in a text that ``plain`` has normalised: after it, or a currency sign before it.

    Args:
        text: where it stands.
        number: the match of ``NUMBER``.
    """
    sign = re.search(r"[$€£]", number.group())
    match = _AFTER_NUMBER.match(text, number.end())
    name = _name(match["unit"]) if match else None
    per = match["per"] if match and name else None
    if sign and (name is None or _DIMENSION[name] != "currency"):
        match, name = None, _NAMES[sign.group()]
        after = re.match(r"\s*(?:/|per\b|an?\b)\s*([^\W\d_]+)", text[number.end() :])
        per = after[1] if after else None
    if name is None:
        return None
    power = _power(match)
    return _per(Unit(f"{name}{power}", f"{_DIMENSION[name]} {power}", _raised(_factor(name), power)), per)


def has_other_unit(given: str, number: str, reference: str) -> bool | None:
    """Whether a reply states its number in a unit that makes it another quantity than the reference.

    Args:
        given: the reply, or the part of it that states the answer.
        number: that is taken as its answer, as ``written`` gives it.
        reference: a number with its unit, if it has one.

    Returns:
        None where the numbers alone decide: a unit is missing, unknown, or the same. Else whether the quantities differ.
    """
    text = plain(reference).strip()
    first = NUMBER.search(text)
    wanted = unit_after(text, first) if first else None
    if wanted is None:
        return None
    text = plain(given)
    units = [unit_after(text, each) for each in NUMBER.finditer(text) if written(each) == number]
    found = next((each for each in reversed(units) if each is not None), None)
    if found is None or found.dimension != wanted.dimension or found.name == wanted.name:
        return None
    size = value_of(number)
    if found.factor is None or wanted.factor is None or size is None:
        return True
    converted = size * found.factor / wanted.factor
    return not agrees(f"{converted.numerator}/{converted.denominator}", reference)


def _name(word: str) -> str | None:
    """Abbreviations are as written, words in any case, and in the plural."""
    if word in _NAMES:
        return _NAMES[word]
    lower = word.lower()
    for each in (lower, lower.removesuffix("s")):
        if len(each) > 2 and each in _NAMES:
            return _NAMES[each]
    return {"hrs": "h", "lbs": "lb"}.get(lower)


def _power(match: re.Match[str] | None) -> int:
    if match is None:
        return 1
    if match["power"] is not None:
        return 2 if match["power"] in "2²" else 3
    word = (match["power_word"] or "").lower()
    return {"": 1, "cubic": 3}.get(word, 2)


def _factor(name: str) -> Fraction | None:
    factor = _KINDS[_DIMENSION[name]][name]
    return None if factor is None else Fraction(factor)


def _raised(factor: Fraction | None, power: int) -> Fraction | None:
    return None if factor is None else factor**power


def _per(unit: Unit, word: str | None) -> Unit | None:
    """The unit divided by another one; None where that is unknown."""
    if word is None:
        return unit
    name = _name(word)
    if name is None:
        return None
    under = _factor(name)
    factor = None if unit.factor is None or under is None else unit.factor / under
    return Unit(f"{unit.name} per {name}", f"{unit.dimension} per {_DIMENSION[name]}", factor)
