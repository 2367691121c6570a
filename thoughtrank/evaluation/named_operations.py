"""Whether a text calculates what it says: "We divide the boxes: 12 * 3 = 36" names a division and multiplies. Pure."""

import re

from thoughtrank.evaluation.calculations_in_text import calculations

_NAMES = {
    "+": r"add|adds|added|adding|sum of",
    "-": r"subtract|subtracts|subtracted|subtracting|take away|takes away|taking away|difference (?:between|of)",
    "*": r"multiply|multiplies|multiplied|multiplying|product of",
    "/": r"divide|divides|divided|dividing|quotient of|half of|a third of|a quarter of|split",
}
"""What names each of the basic operations. Everyday words ("times", "total", "left") name none for certain."""
_NAMED = {sign: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for sign, words in _NAMES.items()}


def unperformed_operations(text: str) -> list[str]:
    """The signs of the operations that ``text`` names, but that none of its calculations performs.

    Empty for a text without a calculation that can be read. "Half of 12 is 12 * 0.5 = 6" counts as unperformed too: whether a
    multiplication was meant as a division is not decided.
    """
    performed = frozenset[str]().union(*(each.signs for each in calculations(text)))
    if not performed:
        return []
    return [sign for sign, name in _NAMED.items() if sign not in performed and name.search(text)]
