r"""Extracts the final answer from a reply and compares it with the reference: the only definition of "right".

The reference judge and the evaluation both use it. Not covered: algebraic equality (``x+1`` and ``1+x``), units (``5
km`` equals ``5 m``), numbers in words ("five").
"""

import re

from thoughtrank.evaluation.numbers_in_text import NUMBER, plain, value, value_of, written
from thoughtrank.evaluation.reference_kinds import ReferenceKind

_PHRASE = re.compile(r"\banswers?(?:\s+(?:to|for)\b[^.:\n]{0,80}?)?\s*(?:\bis\b|\bare\b|[:=])\s*[:=]?", re.IGNORECASE)
_CLAUSE_END = re.compile(r"\n|[.!?;](?=\s|$)")
_EXPLANATION = re.compile(r"\b(?:because|since|as|where|given|when|if|for|so)\b|\s\(|,\s(?!(?:and|or)?\s*[$€£]?[0-9])")
_HEDGE = re.compile(r"[0-9][^\n=]{0,20}(?:\b(?:or|and)\b|,\s|;)[^\n=]{0,20}(?:=\s*)?[$€£]?[0-9]")
_LONGEST_CLAIM = 500
"""Characters; a longer text is no final answer, and without a bound garbage would take quadratic time."""

# "A" and "I" before a word in lower case are an article and a pronoun.
_LETTER = re.compile(r"(?<![A-Za-z])(?:\(([A-Za-z])\)|([B-HJ-Z]|[AI](?!\s+[a-z]))(?![A-Za-z'’])|([a-z])\))")

_EDGES = " \t\r\n.,;:!?\"'`“”‘’()[]{}*_$"


def final_answer(text: str) -> str | None:
    r"""The final number of a reply, without currency, separators and units; None if there is none.

    If there is a ``\boxed{...}``, the last one alone counts. Otherwise: the last line that is ``####`` and a number, else the
    number of the last "answer is" or "answer:", else the last number of the text.
    """
    boxed = _boxed(text)
    if boxed is not None:
        return _concluded(plain(boxed))
    text = plain(text)
    for line in reversed(re.findall(r"####([^\n]*)", text)):
        # "#### Step 3: multiply" is a heading; only a line that is nothing but a number is an answer.
        if value_of(line) is not None:
            return _first(line)
    for phrase in reversed(list(_PHRASE.finditer(text))):
        if NUMBER.search(claim := _clause(text, phrase.end())):
            return _concluded(claim)
    return _last(text)


def first_answer(text: str, kind: ReferenceKind) -> str | None:
    """What a text that continues "The answer is" states first; None if that is nothing of the reference's kind.

    Nothing is calculated: "2 * 6 = 12" reads 2, and "48/4" reads 48. A letter is read without its brackets. Any other answer
    is the first sentence, without punctuation at its ends.
    """
    text = plain(text)
    if kind == "number":
        return _first_number(text)
    if kind == "letter":
        letter = _LETTER.search(text)
        return letter.group(letter.lastindex or 0) if letter else None
    return _clause(text, 0).strip(_EDGES) or None


def _first_number(text: str) -> str | None:
    for number in NUMBER.finditer(text):
        found = value(number)
        if found is None:
            continue
        is_division = number["over"] and number["whole"] is None
        if is_division and (found.denominator == 1 or text[number.end() :].lstrip().startswith("=")):
            # A division that is left to do, or is done after it.
            return ("-" if number["sign"] == "-" else "") + number["over"].replace(",", "")
        return written(number)
    return None


def same_answer(given: str | None, reference: str) -> bool:
    """Equal as numbers if both are numbers (3.0 is 3, 1/2 is 0.5), else equal as texts up to case and spaces."""
    if given is None:
        return False
    expected = value_of(reference)
    if expected is not None:
        return value_of(given) == expected
    wanted = _bare(reference)
    return wanted != "" and _bare(given) == wanted


def is_right(reply: str, reference: str) -> bool:
    """Whether a reply ends in the reference answer.

    A numeric reference is compared with the reply's final number; any other with the boxed text, else with what follows the
    last "answer is" and with the last line.
    """
    if value_of(reference) is not None:
        return same_answer(final_answer(reply), reference)
    return any(same_answer(claim, plain(reference)) for claim in claims(reply))


def claims(reply: str) -> list[str]:
    """The possible final answers: the boxed text alone, else what follows the last "answer is", and the last line."""
    boxed = _boxed(reply)
    if boxed is not None:
        return [plain(boxed)]
    text = plain(reply)
    phrases = list(_PHRASE.finditer(text))
    return ([_clause(text, phrases[-1].end())] if phrases else []) + text.strip().splitlines()[-1:]


def _boxed(text: str) -> str | None:
    """The content of the last closed ``\\boxed{...}``, braces balanced."""
    for start in reversed([match.end() for match in re.finditer(r"\\boxed\s*\{", text)]):
        depth = 1
        for offset, character in enumerate(text[start : start + _LONGEST_CLAIM]):
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return text[start : start + offset]
    return None


def _clause(text: str, start: int) -> str:
    """The rest of the sentence from ``start``, or the next line that has any text."""
    rest = text[start : start + _LONGEST_CLAIM].lstrip()
    end = _CLAUSE_END.search(rest)
    return rest[: end.start()] if end else rest


def _concluded(claim: str) -> str | None:
    """The number a claim concludes with: the result of a calculation ("3 + 2 = 5"), else its first number.

    None for two alternative numbers: a hedged answer is wrong.
    """
    for explanation in _EXPLANATION.finditer(claim):
        if NUMBER.search(claim, 0, explanation.start()):
            claim = claim[: explanation.start()]
            break
    if _HEDGE.search(claim):
        return None
    result = claim.rpartition("=")[2].strip(" \t\r\n.,()[]{}\\$*")
    if value_of(result) is not None:
        return _first(result)
    first = NUMBER.search(claim)
    return written(first) if first and value(first) is not None else None


def _first(text: str) -> str | None:
    found = NUMBER.search(plain(text))
    return written(found) if found else None


def _last(text: str) -> str | None:
    for found in reversed(list(NUMBER.finditer(text))):
        if value(found) is not None:
            return written(found)
    return None


def _bare(text: str) -> str:
    """The text without case, runs of spaces, and punctuation at its ends."""
    spaced = " ".join(plain(text).casefold().split())
    return spaced.strip(_EDGES) or spaced
