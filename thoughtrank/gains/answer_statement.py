"""Where a thought first states an answer, so that a model can be asked for the answer just before that point. Pure."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from thoughtrank.evaluation.numbers_in_text import NUMBER, value, value_of
from thoughtrank.evaluation.plain_text import with_plain_signs
from thoughtrank.records import ReferenceKind

_OPERATOR = r"[-+*/×÷^x]"
_WORDS = r"(?:[ \t]*[^\W\d_]+){0,2}?[ \t]*"
"""A unit after a number, as in "12 red apples + 3"."""
_BEFORE_OPERAND = re.compile(rf"[0-9)%]{_WORDS}{_OPERATOR}[ \t]*[$€£(]*$")
_AFTER_OPERAND = re.compile(rf"{_WORDS}{_OPERATOR}[ \t]*[$€£(]*[0-9]")
_BEFORE_RESULT = re.compile(r"(?:=|≈|\bequals?|\bequal to)\s*[$€£(]*$")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_NEAR = 60
"""Characters before a number that decide what it is in its calculation."""


class Statement(NamedTuple):
    """An answer as a thought states it.

    Attributes:
        start: position of its first character.
        text: as the thought writes it, without a currency sign.
    """

    start: int
    text: str


class _Number(NamedTuple):
    statement: Statement
    role: Literal["operand", "result", "other"]


def find_statement(thought: str, answer: str, *, kind: ReferenceKind, question: str) -> Statement | None:
    """Where ``thought`` first states ``answer``; None where it never does, and for free text.

    Numbers count by value ("12.0" and "$12" state 12), and never inside a longer number or as the size of a fraction
    ("48/4"). If the first occurrence is an operand ("12 * 1"), or only repeats a number of the question, the statement is
    the last "= 12", if there is one; an operand by itself states nothing.

    Letters and short texts count as whole words. Those that the question contains (options, names) are stated by their last
    occurrence, because a thought often repeats them first.

    Args:
        thought: the text between the tags.
        answer: the reference, or the candidate's own final answer.
        kind: of the answer.
        question: its text.
    """
    if kind == "number":
        return _number_statement(thought, answer, question=question)
    if kind in ("free_text", "none"):
        return None
    pattern = _letter_pattern(answer) if kind == "letter" else _text_pattern(answer)
    found = [Statement(match.start("answer"), match["answer"]) for match in pattern.finditer(thought)]
    if not found:
        return None
    return found[-1] if pattern.search(question) else found[0]


def _number_statement(thought: str, answer: str, *, question: str) -> Statement | None:
    found = list(_occurrences(thought, answer))
    if not found:
        return None
    first = found[0]
    is_repeated = first.role == "other" and any(_occurrences(question, answer))
    if first.role == "operand" or is_repeated:
        results = [each.statement for each in found if each.role == "result"]
        if results:
            return results[-1]
    return next((each.statement for each in found if each.role != "operand"), None)


def _occurrences(text: str, answer: str) -> Iterator[_Number]:
    """Every number in ``text`` that equals ``answer``."""
    wanted, is_fraction = value_of(answer), "/" in answer
    text = with_plain_signs(text)
    for match in NUMBER.finditer(text):
        if value(match) != wanted or _ORDINAL.match(text, match.end()):
            continue
        if match["over"] is not None and not is_fraction:
            continue
        size = next(name for name in ("whole", "over", "decimal") if match[name] is not None)
        start = match.start() if match["sign"] == "-" else match.start(size)
        yield _Number(Statement(start, text[start : match.end()]), _role(text, match))


def _role(text: str, number: re.Match[str]) -> Literal["operand", "result", "other"]:
    before = text[max(0, number.start() - _NEAR) : number.start()]
    if _AFTER_OPERAND.match(text, number.end()) or _BEFORE_OPERAND.search(before):
        return "operand"
    return "result" if _BEFORE_RESULT.search(before) else "other"


def _letter_pattern(answer: str) -> re.Pattern[str]:
    """The letter as an option: in brackets, with a mark after it, at the end of a line, or after "answer" or "option"."""
    letter = next(character for character in answer if character.isalpha())
    bare = rf"(?<!\w){letter}(?=[).:]|[ \t]*(?:\n|$))"
    named = "|".join(rf"(?<=(?i:{word} )){letter}\b" for word in ("option", "choice", "answer", "answer is"))
    return re.compile(rf"(?P<answer>{bare}|(?<=\(){letter}(?=\))|{named})")


def _text_pattern(answer: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, answer.split()))
    return re.compile(rf"(?<!\w)(?P<answer>{words})(?!\w)", re.IGNORECASE)
