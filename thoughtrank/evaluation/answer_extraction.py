r"""Extracts from a reply what it states as its final answer; ``answer_comparison`` compares that with the reference."""

import re

from thoughtrank.evaluation.answer_marks import IN_OTHER_LANGUAGES, LONGEST_CLAIM, boxed
from thoughtrank.evaluation.number_words import with_digits
from thoughtrank.evaluation.numbers_in_text import NUMBER, VARIABLE, value, value_of, written
from thoughtrank.evaluation.plain_text import plain, with_plain_signs, without_spaced_groups
from thoughtrank.evaluation.unmarked_numbers import unmarked_number
from thoughtrank.records import ReferenceKind

_PHRASE = re.compile(
    r"(?:\banswers?(?:\s+(?:to|for)\b[^.:\n]{0,80}?)?\s*(?:\bis\b|\bare\b|[:：=])|"
    + IN_OTHER_LANGUAGES
    + r")\s*[:：=]?",
    re.IGNORECASE,
)
"""What introduces a final answer: "the answer is", "Antwort:", "答案是"."""
_ANY_PHRASE = re.compile(
    _PHRASE.pattern.replace(r"\bare\b", r"\bare\b|\b(?:must|would|should|will|has\s+to|might)\s+be\b"), re.IGNORECASE
)
"""Also "the answer must be": for letters and texts, which have no last number to fall back on."""
_CLAUSE_END = re.compile(r"\n|[。！？；]|(?<!\\)(?!(?<=\.\.)\. *[-+*/×=])[.!?;](?=\s|$)")
"""The dots of "2 + 4 + ... = 30" end nothing."""
_EXPLANATION = re.compile(r"\b(?:because|since|as|where|given|when|if|for|so)\b|\s\(|,\s(?!(?:and|or)?\s*[$€£]?[0-9])")
_HEDGE = re.compile(
    r"[0-9][^\n=]{0,20}(?:\b(?:or|and|oder|und|ou|et|o(?!['’]))\b|,\s|[;或和])[^\n=]{0,20}(?:=\s*)?[$€£]?[0-9]"
)
_NEGATED = re.compile(r"\W*not\b(?:.*?\b(?P<but>but|rather)\b)?", re.IGNORECASE | re.DOTALL)
_FORMULA_MARK = re.compile(r"\\[A-Za-z{}]|[\^√π∞∪∩]|[0-9]_|(?<![^\W\d_])(?:sqrt|pi)(?![a-z])")
_GOES_ON = re.compile(
    rf"\s*(?:[\^√π_]|\\[A-Za-z]|\*\*|\bto\s+[$€£]?[0-9])|[!⁰¹²³⁴-⁹]|[(:]\s*[0-9a-z]|,\s?-?[0-9]|{VARIABLE}|[a-zA-Z]\s*[-+*/^=]\s*[0-9a-z(]"
    r"|\s*(?:[-+*/×÷]|\bx\b)\s*(?:[$€£(]?\s*-?[0-9]|[b-z](?![^\W\d_])|\\[A-Za-z])"
)
_LEADS_ON = re.compile(
    r"\\[A-Za-z]+[^=]*\Z|[√^_|]\s*[({]?\s*\Z|[a-zA-Z)]\s*[*/^]\s*\Z|\b[a-z]{1,6}(?:_\{?\w{1,9}\}?)?\(\Z"
)
"""After and before a number: it is an operand of a formula, or of a calculation that is left to do."""
_BOLD = re.compile(r"(?<![0-9A-Za-z)])\*\*|\*\*(?![0-9A-Za-z(])")
_ELEMENT = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL)
_MATH = re.compile(r"\$\$?([^$]+)\$\$?|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_SEPARATOR = re.compile(
    r",?(?:\s|\\ |~|(?<=[\d)}\]]))(?:\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)\s*\}|(?:and|or)\b)\s*"
)

_ROOT = re.compile(r"√\s*(?:\(([^()]*)\)|([0-9]+|[a-z]))")
_UNICODE = {
    "π": r"\pi ",
    "∞": r"\infty ",
    "∪": r"\cup ",
    "×": r"\times ",
    "·": r"\cdot ",
    "≤": r"\le ",
    "≥": r"\ge ",
} | {sign: f"^{power}" for power, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}

# "A" and "I" before a word in lower case are an article and a pronoun.
_LETTER = re.compile(r"(?<![A-Za-z])(?:\(([A-Za-z])\)|([B-HJ-Z]|[AI](?!\s+[a-z]))(?![A-Za-z]|['’][A-Za-z])|([a-z])\))")
_YES_NO = re.compile(r"\b(?:yes|no|true|false)\b", re.IGNORECASE)

EDGES = " \t\r\n.,;:!?\"'`“”‘’()[]{}*_$"


def final_answer(text: str) -> str | None:
    r"""The final number of a reply, without currency, separators and units; None if there is none.

    If there is a ``\boxed{...}``, the last one alone counts. Otherwise: the last line that is ``####`` and a number, else the
    number of the last "answer is" or "answer:", else the number in which the text ends, as ``unmarked_number`` reads it.
    """
    claim = number_claim(text)
    return unmarked_number(text) if claim is None else concluded(claim)


def number_claim(text: str) -> str | None:
    """The part of a reply that states its final number, or formula; None where it is marked in no way."""
    marked = boxed(text)
    if marked is not None:
        return marked
    signs = with_plain_signs(text)
    for line in reversed(re.findall(r"####([^\n]*)", signs)):
        # "#### Step 3: multiply" is a heading; only a line that is nothing but a number is an answer.
        if value_of(without_spaced_groups(line)) is not None:
            return line
    found = [match[1] for match in _ELEMENT.finditer(signs)]
    if found and NUMBER.search(plain(found[-1])):
        return found[-1]
    signs = _BOLD.sub("", signs)
    for phrase in reversed(list(_PHRASE.finditer(signs))):
        claim = _clause(signs, phrase.end())
        if NUMBER.search(with_digits(plain(claim))) or _FORMULA_MARK.search(claim):
            return claim
    return None


def concluded(claim: str) -> str | None:
    """The number a claim concludes with: the result of a calculation ("3 + 2 = 5"), else its first number.

    None for two alternative numbers, because a hedged answer is wrong; for a formula ("3x + 1"); and for a calculation
    without its result.
    """
    text = with_digits(without_spaced_groups(plain(claim)))
    if (negated := _NEGATED.match(text)) is not None:
        if negated["but"] is None:
            return None
        text = text[negated.end() :]
    for explanation in _EXPLANATION.finditer(text):
        if NUMBER.search(text, 0, explanation.start()):
            text = text[: explanation.start()]
            break
    if _HEDGE.search(text):
        return None
    result = text.rpartition("=")[2].strip(" \t\r\n,()[]{}\\$*").rstrip(".").strip(" \t\r\n,()[]{}\\$*")
    if not re.match(r"\.[0-9]", result):
        result = result.lstrip(". ")
    if value_of(result) is not None and not (_is_tuple(text) and "=" not in text):
        return _first(result)
    first = NUMBER.search(text)
    if first is None or value(first) is None or _is_operand(text, first):
        return None
    return written(first)


def states_formula(claim: str) -> bool:
    """Whether a claim without a number of its own has mathematics in it."""
    return bool(_FORMULA_MARK.search(claim) or re.search(r"[0-9][a-z](?![a-z])|[0-9)]\s*[-+*/^]\s*[0-9(a-z]", claim))


def formula(claim: str) -> str:
    """The mathematics of a claim, without delimiters; alternatives become the elements of one list."""
    segments = [next(filter(None, groups)) for groups in _MATH.findall(claim)]
    text = _ROOT.sub(r"\\sqrt{\1\2}", ", ".join(segments) if segments else claim)
    for sign, command in _UNICODE.items():
        text = text.replace(sign, command)
    return _SEPARATOR.sub(", ", text).strip(" \t\r\n.*`").rstrip(",;:")


def formula_claims(reply: str) -> list[str]:
    """The possible final formulas of a reply: the marked one alone, else those of ``claims``; LaTeX is kept."""
    marked = boxed(reply)
    if marked is not None:
        return [formula(marked)]
    text = _BOLD.sub("", with_plain_signs(reply))
    found = [match[1] for match in _ELEMENT.finditer(text)][-1:]
    phrases = list(_PHRASE.finditer(text))
    found += ([_clause(text, phrases[-1].end())] if phrases else []) + text.strip().splitlines()[-1:]
    cut = [re.split(r"(?<!\\),?\s(?:because|since|as|where|so|which)\b|\.\s", each, maxsplit=1)[0] for each in found]
    return list(dict.fromkeys(each for claim in cut if (each := formula(claim))))


def first_answer(text: str, kind: ReferenceKind) -> str | None:
    """What a text that continues "The answer is" states first; None if that is nothing of the reference's kind.

    Nothing is calculated: "2 * 6 = 12" reads 2, and "48/4" reads 48. A letter is read without its brackets. Any other answer
    is the first sentence, without punctuation at its ends.
    """
    if kind == "formula":
        return formula(_clause(_BOLD.sub("", with_plain_signs(text)), 0)) or None
    text = plain(text)
    if kind == "number":
        return _first_number(with_digits(text))
    if kind == "letter":
        letter = _LETTER.search(text)
        return letter.group(letter.lastindex or 0) if letter else None
    clause = _clause(text, 0).strip(EDGES) or None
    if kind == "yes_no" and clause is not None:
        word = _YES_NO.match(clause)
        return word.group() if word else clause
    return clause


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


def claims(reply: str) -> list[str]:
    """The possible final answers: the boxed text alone, else what follows the last "answer is", and the last line."""
    marked = boxed(reply)
    if marked is not None:
        return [plain(marked)]
    text = plain(reply)
    found = [match[1].strip() for match in _ELEMENT.finditer(text)][-1:]
    phrases = list(_PHRASE.finditer(text))
    return found + ([_clause(text, phrases[-1].end())] if phrases else []) + text.strip().splitlines()[-1:]


def marked_claim(reply: str) -> str | None:
    """The one final answer that a reply marks: boxed, as ``<answer>`` element, or after the last "answer is"."""
    marked = boxed(reply)
    if marked is not None:
        return plain(marked)
    text = plain(reply)
    element = [match[1] for match in _ELEMENT.finditer(text)]
    if element:
        return element[-1]
    phrases = list(_ANY_PHRASE.finditer(text))
    return _clause(text, phrases[-1].end()) if phrases else None


def after_last_phrase(reply: str) -> str | None:
    """Everything that follows the last "answer is"."""
    phrases = list(_PHRASE.finditer(reply))
    return reply[phrases[-1].end() :] if phrases else None


def _clause(text: str, start: int) -> str:
    """The rest of the sentence from ``start``, or the next line that has any text."""
    rest = text[start : start + LONGEST_CLAIM].lstrip()
    end = _CLAUSE_END.search(rest)
    return rest[: end.start()] if end else rest


def _is_tuple(text: str) -> bool:
    r"""Whether a claim is "(1,2)" or "[1,2)": brackets around a list, which stripping them would read as its first number."""
    return bool(re.fullmatch(r"\s*[(\[{\\]+[^()\[\]]*,[^()\[\]]*[)\]}]+\s*\.?", text))


def _is_operand(text: str, number: re.Match[str]) -> bool:
    before = text[: number.start()]
    if _LEADS_ON.search(before):
        return True
    return _GOES_ON.match(text, number.end()) is not None


def _first(text: str) -> str | None:
    found = NUMBER.search(plain(text))
    return written(found) if found else None
