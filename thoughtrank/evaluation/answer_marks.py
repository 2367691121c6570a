r"""The marks around a final answer: ``\boxed{...}``, ``$...$``, ``\text{...}``, bold."""

import re

LONGEST_CLAIM = 500
"""Characters; a longer text is no final answer, and without a bound garbage would take quadratic time."""

_NOUNS = (
    "antwort|antwoord|svar(?:et)?|vastaus|r[ée]ponse|respuesta|resposta|risposta|răspunsul|odpowied[źz]|odpov[ěe][ďd]|válasz"
    "|cevap|yanıt|jawaban(?:nya)?|jibu|đáp án|câu trả lời|ответ|відповідь|отговор|απάντηση|תשובה|الإجابة|الجواب|پاسخ|उत्तर|উত্তর"
    "|பதில்|คำตอบ(?:คือ)?"
)
_ADJECTIVES = "correcta|correcte|correta|corretta|finale?|yang benar|đúng|الصحيحة|सही"
_IS = "ist|lautet|est|es|is|är|er|on|è|é|este|jest|je|adalah|ni|là|είναι|هي|هو|है|হল"
_UNSPACED = r"(?:答案|答え|解答|正解|정답|답)\s*(?:是|为|為|は|은|는|[:：=])"
IN_OTHER_LANGUAGES = rf"(?<!\w)(?:{_NOUNS})(?:\s+(?:{_ADJECTIVES}))*\s*(?:(?:{_IS})(?!\w)|[:：=]|(?<=คือ))|{_UNSPACED}"
"""A pattern for what introduces a final answer, such as "Antwort:" and "答案是"; it ignores case."""

_DELIMITED = (
    re.compile(r"\$\$?([^$]+)\$\$?"),
    re.compile(r"\\\((.+)\\\)", re.DOTALL),
    re.compile(r"\\\[(.+)\\\]", re.DOTALL),
    re.compile(r"\*\*([^*]+)\*\*"),
    re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"),
)


_REASONING = re.compile(r"\s*<(?:think(?:ing)?|thought|reasoning)>")
_REASONING_END = re.compile(r"</(?:think(?:ing)?|thought|reasoning)>")


_BOX = r"\\(?:f?boxed|f(?:rame)?box)\s*\{"
_JOINED = re.compile(
    rf"\}}\$*\s*(?:[,;]?\s*(?:\\text\{{)?\s*(?:(?P<or>or|oder|ou)|and|und|et)\b\s*\}}?|[,;])\s*\$*{_BOX}\Z",
    re.IGNORECASE,
)
"""From the end of one box to the content of the next one."""
_LONGEST_JOIN = 60


def after_reasoning(text: str) -> str:
    """What follows the last reasoning block that a model wrote inside its reply; empty where the block has no end."""
    rest = _REASONING_END.split(text)[-1]
    return "" if _REASONING.match(rest) else rest


def boxed(text: str) -> str | None:
    """The content of the last closed ``\\boxed{...}``, ``\\fbox{...}`` or ``\\framebox{...}``, braces balanced.

    Boxes with only a comma, "and" or "or" between them are one answer: "12 or 13".
    """
    found = _last_box(text)
    if found is None:
        return None
    content = text[found[0] : found[1]]
    while (joined := _JOINED.search(text, max(found[0] - _LONGEST_JOIN, 0), found[0])) is not None:
        found = _last_box(text[: joined.start() + 1])
        if found is None or found[1] != joined.start():
            break
        before = text[found[0] : found[1]]
        if before != content:
            content = f"{before}{' or ' if joined['or'] else ', '}{content}"
    return content


def after_box(text: str) -> str:
    """What follows the last box, which may hold a formula of the reasoning; empty without a box."""
    found = _last_box(text)
    return "" if found is None else text[found[1] + 1 :]


def _last_box(text: str) -> tuple[int, int] | None:
    """Begin and end of the content of the last closed box."""
    for start in reversed([match.end() for match in re.finditer(_BOX, text)]):
        depth = 1
        for offset, character in enumerate(text[start : start + LONGEST_CLAIM]):
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return start, start + offset
    return None


def without_delimiters(text: str) -> str:
    """The text without marks that enclose all of it."""
    text = text.strip()
    while True:
        found = next((match for pattern in _DELIMITED if (match := pattern.fullmatch(text))), None)
        if found is None or not found[1].strip():
            return text
        text = found[1].strip()
