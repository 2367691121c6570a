"""Several numbers as one answer, in an order: "11; 12; 13" and "30 girls; 15 boys", as ASDiv writes them, or "11 and 12"."""

import re

from thoughtrank.evaluation.answer_extraction import after_last_phrase
from thoughtrank.evaluation.answer_marks import LONGEST_CLAIM, boxed
from thoughtrank.evaluation.numbers_in_text import NUMBER, agrees, value, value_of, written
from thoughtrank.evaluation.plain_text import plain
from thoughtrank.evaluation.units import has_other_unit

_EXPLANATION = re.compile(r"\b(?:because|since|as|where|which|so|given)\b|[.!?](?=\s)|\n")
_AND = re.compile(r"\band\b")
_WITH_AND = r",?\s+and\s+|,\s+"
_HEDGE = re.compile(r"\bor\b|\bnot\b", re.IGNORECASE)


def number_list(text: str) -> tuple[str, ...]:
    """The elements of a list of numbers, each with at most a unit; empty for any other text.

    They are separated by semicolons, or by commas and an "and".
    """
    text = text.rstrip(". ")
    separator = _WITH_AND if ";" not in text and _AND.search(text) else ";"
    elements = tuple(each.strip() for each in re.split(separator, text))
    return elements if len(elements) > 1 and all(value_of(each) is not None for each in elements) else ()


def states_list(reply: str, wanted: tuple[str, ...]) -> bool:
    """Whether a reply ends in these numbers, all and only them, in their order.

    Args:
        reply: the whole answer text.
        wanted: as ``number_list`` gives them. Separators and words between the numbers do not count, a known other unit does.
    """
    claims = (boxed(reply), after_last_phrase(reply), reply.strip().rpartition("\n")[2])
    claim = _sentence(plain(next(each for each in claims if each is not None).strip()[:LONGEST_CLAIM]))
    if _HEDGE.search(claim):
        return False
    found = [written(each) for each in NUMBER.finditer(claim) if value(each) is not None]
    return len(found) == len(wanted) and all(
        _is_element(claim, number, element) for number, element in zip(found, wanted, strict=True)
    )


def _sentence(text: str) -> str:
    """Up to its end, or to an explanation, after the first number."""
    first = NUMBER.search(text)
    end = _EXPLANATION.search(text, first.end()) if first else None
    return text[: end.start()] if end else text


def _is_element(claim: str, number: str, element: str) -> bool:
    other_unit = has_other_unit(claim, number, element)
    return agrees(number, element) if other_unit is None else not other_unit
