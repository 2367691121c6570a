"""The kind of a reference answer, which decides how a short forced answer is read and which evaluation arms apply."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from thoughtrank.evaluation.numbers_in_text import value_of

ReferenceKind = Literal["number", "letter", "short_text", "free_text", "none"]
"""``number``: one number with at most a unit. ``letter``: the letter of a multiple-choice option. ``short_text``: a few words.
``free_text``: anything longer. ``none``: there is no reference answer."""

_NOUNS: dict[ReferenceKind, tuple[str, str]] = {
    "number": ("number", "numbers"),
    "letter": ("letter", "letters"),
    "short_text": ("short text", "short texts"),
    "free_text": ("free text", "free texts"),
    "none": ("without reference", "without reference"),
}
# A lower-case letter needs a bracket: "a" alone is a word.
_LETTER = re.compile(r"[A-Z][.):]?|\([A-Za-z]\)|[a-z]\)")
_MOST_WORDS = 5
_MOST_CHARACTERS = 40


def reference_kind(answer: str | None) -> ReferenceKind:
    """The kind of one reference answer."""
    text = (answer or "").strip()
    if not text:
        return "none"
    if value_of(text) is not None:
        return "number"
    if _LETTER.fullmatch(text):
        return "letter"
    short = len(text) <= _MOST_CHARACTERS and len(text.split()) <= _MOST_WORDS and "\n" not in text
    return "short_text" if short else "free_text"


def kinds_text(answers: Iterable[str | None]) -> str:
    """How many answers of each kind there are, such as ``398 numbers, 2 letters``."""
    counts = Counter(reference_kind(answer) for answer in answers)
    return ", ".join(f"{counts[kind]} {nouns[counts[kind] != 1]}" for kind, nouns in _NOUNS.items() if counts[kind])
