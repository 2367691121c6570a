r"""What a reference answer is: its kind, and its text without what is written around it (``\boxed{D}``, ``#### 18``).

The kind decides by which rules replies are compared with it, how a short forced answer is read, and which evaluation arms
apply.
"""

import re
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from thoughtrank.evaluation.answer_marks import boxed, without_delimiters
from thoughtrank.evaluation.number_lists import number_list
from thoughtrank.evaluation.numbers_in_text import value_of
from thoughtrank.evaluation.plain_text import plain, without_spaced_groups
from thoughtrank.records import Question, ReferenceKind

_NOUNS: dict[ReferenceKind, tuple[str, str]] = {
    "number": ("number", "numbers"),
    "letter": ("letter", "letters"),
    "yes_no": ("yes or no", "yes or no"),
    "formula": ("formula", "formulas"),
    "short_text": ("short text", "short texts"),
    "free_text": ("free text", "free texts"),
    "none": ("without reference", "without reference"),
}

YES, NO = frozenset({"yes", "true"}), frozenset({"no", "false"})

_MARKED = re.compile(r"####\s*(\S[^\n]*?)\s*\Z")
_ELEMENT = re.compile(r"<answer>(.*?)</answer>\s*\Z", re.DOTALL)
_INTRODUCED = re.compile(r"(?:the\s+|final\s+|correct\s+)*answer\s*(?::|=|is\b:?)\s*(.+)", re.IGNORECASE | re.DOTALL)
_LAST_LINE = re.compile(r"(?:\A|\n)\s*(?:A|Answer|Final answer)\s*:\s*([^\n]+)\Z")
_NOTE = re.compile(r"\s*\([^()0-9]*\)\Z")
_NAMED = re.compile(r"[A-Za-z]\w{0,15}\s*(?:\([A-Za-z]\)\s*)?=\s*([^=]+)")
# A lower-case letter needs a bracket: "a" alone is a word.
_LETTER = re.compile(r"([A-Z])[.):]?|\(([A-Za-z])\)[.:]?|([a-z])\)")
_OPTION = re.compile(r"(?:\(([A-Ha-h])\)|([A-H])[):]|([A-H])\.(?=\s))\s*(\S[^\n]*)")
_FUNCTIONS = r"sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|infty|inf"
_COMMAND = re.compile(r"\\[A-Za-z]+|\\[{}]")
_FORMULA = re.compile(
    rf"(?:[0-9\s.,+\-*/^=<>≤≥≠()\[\]{{}}|_!√∞∪∩±°·×÷%$−]|(?:{_FUNCTIONS}|[A-Za-zπθαβγλ])(?![A-Za-z]))+"
)
_FORMULA_SIGN = re.compile(
    r"[0-9]_\{?[0-9]|[+*/^=<>≤≥√∞∪∩±·×÷]|[0-9a-z)]\s*[-−]|\A[-−][a-z]|[(\[{].*[,0-9a-z].*[)\]}]|[0-9]\s*,|[0-9][a-zπ](?![a-z])"
)
_NUMBERS_WITH_DASHES = re.compile(r"[0-9.]+(?:\s*[-−–/]\s*[0-9.]+)+")
_MOST_WORDS = 8
_MOST_CHARACTERS = 40
_LONGEST_FORMULA = 300


class Reference(NamedTuple):
    """A reference answer as it is understood.

    Attributes:
        kind: by which rules replies are compared with it.
        text: without what is written around it; a letter in upper case.
        value: of a number.
        option: the text of the option after a letter ("Paris" in "(B) Paris"); empty where there is none.
    """

    kind: ReferenceKind
    text: str
    value: Fraction | None = None
    option: str = ""


@lru_cache(maxsize=100_000)
def understood(answer: str | None, kind: ReferenceKind | None = None) -> Reference:
    """The reference of an answer.

    Args:
        answer: as it stands in the file; a worked solution that ends in a boxed answer, or in ``#### 18``, is that answer.
        kind: if the question source names it; None finds it.
    """
    text = _unwrapped((answer or "").strip())
    if not text:
        return Reference("none", "")
    if kind is None or kind == "none":
        return _found(text)
    if kind == "number":
        return _number(text) or Reference("number", text)
    if kind == "letter":
        return _letter(text) or Reference("letter", text.upper())
    return Reference(kind, text)


def question_kind(question: Question) -> ReferenceKind:
    """The kind of the reference answer of a question."""
    return understood(question.answer, question.answer_kind).kind


def normalised_answer(answer: str | None) -> str:
    """Equal for answers that are equal as numbers, or as texts regardless of case."""
    text = understood(answer).text
    value = value_of(text)
    return text.strip().casefold() if value is None else str(value)


def reference_kind(answer: str | None) -> ReferenceKind:
    """The kind of one reference answer."""
    return understood(answer).kind


def _found(text: str) -> Reference:
    found = _number(text) or _letter(text)
    if found is not None:
        return found
    if text.casefold().rstrip(".!") in YES | NO:
        return Reference("yes_no", text.rstrip(".!"))
    if number_list(text):
        return Reference("short_text", text)
    if is_formula(text):
        return Reference("formula", text)
    short = len(text) <= _MOST_CHARACTERS and len(text.split()) <= _MOST_WORDS and "\n" not in text
    return Reference("short_text" if short else "free_text", text)


def is_formula(text: str) -> bool:
    r"""Whether a text is mathematics: it has LaTeX commands, or signs, digits and single letters only."""
    if len(text) > _LONGEST_FORMULA or "\n\n" in text:
        return False
    bare = text.strip().rstrip(".")
    if _NUMBERS_WITH_DASHES.fullmatch(bare):  # a date, a range, a score
        return False
    if _COMMAND.search(bare):
        outside = re.sub(r"\\[A-Za-z]+(?:\s*\{[^{}]*\})?", " ", bare)
        return len(re.findall(r"[A-Za-z]{3,}", outside)) < 3
    return bool(_FORMULA.fullmatch(bare) and _FORMULA_SIGN.search(bare))


def _unwrapped(text: str) -> str:
    content = boxed(text)
    if content is None:
        found = _MARKED.search(text) or _ELEMENT.search(text)
        content = found[1] if found else None
    if content is None and (found := _INTRODUCED.fullmatch(text)):
        content = found[1].rstrip(".") if "\n" not in found[1] else None
    if content is None and (found := _LAST_LINE.search(text)) and value_of(found[1]) is not None:
        content = found[1]
    return without_delimiters(text if content is None else content.strip())


def _number(text: str) -> Reference | None:
    text = without_spaced_groups(_NOTE.sub("", text))
    if (named := _NAMED.fullmatch(text)) is not None:
        text = without_delimiters(named[1].strip())
    found = value_of(text)
    return None if found is None else Reference("number", text, value=found)


def _letter(text: str) -> Reference | None:
    bare = plain(text).strip()
    if (found := _LETTER.fullmatch(bare)) is not None:
        return Reference("letter", next(filter(None, found.groups())).upper())
    if (found := _OPTION.fullmatch(bare)) is not None:
        *letters, option = found.groups()
        return Reference("letter", next(filter(None, letters)).upper(), option=option.strip())
    return None


def kinds_text(questions: Iterable[Question]) -> str:
    """How many reference answers of each kind there are, such as ``1,319 numbers, 2 letters``."""
    counts = Counter(map(question_kind, questions))
    return ", ".join(f"{counts[kind]:,} {nouns[counts[kind] != 1]}" for kind, nouns in _NOUNS.items() if counts[kind])
