"""Finds the one verdict in a reply that has other text beside it.

The verdict must be at the beginning or the end of the reply, and nothing else in the reply may look like one: which of two is
meant, or whether the judge only quotes an answer, is not guessed.
"""

import re

from thoughtrank.judging.openai.reasoning import is_unfinished

_MARKUP = " \t\r\n`~*_#"
_FENCE_NAME = re.compile(r"(?:```|~~~)json\b", re.IGNORECASE)
_COMPARISON = re.compile(r"\b[A-Z][0-9]*[\s*`]*[>=][\s*`]*[A-Z][0-9]*\b")
_LINE = re.compile(r"^\W*[A-Z][0-9]*(?:[\s*`]*[>=][\s*`]*[A-Z][0-9]*)+\W*$", re.MULTILINE)
_LEAD = re.compile(
    r"\A\W*(?:(?:my|the|final|overall)\s+)*(?:ranking|order|verdict|answer|result)(?:\s+is)?\W*:", re.IGNORECASE
)


def object_in_prose(text: str) -> str | None:
    """From the first brace to the last, if the reply begins or ends there.

    Other braces in the reply make this no JSON object, and a line of labels beside it may be another verdict. Of reasoning
    without an end only the end of the reply counts, because a draft may precede it.

    Args:
        text: without reasoning that ended.
    """
    start, end = text.find("{"), text.rfind("}") + 1
    if not 0 <= start < end:
        return None
    before, after = (_FENCE_NAME.sub("", part).strip(_MARKUP) for part in (text[:start], text[end:]))
    if is_unfinished(text):
        return None if after else text[start:end]
    return None if (before and after) or _LINE.search(f"{before}\n{after}") else text[start:end]


def line_in_prose(text: str) -> str | None:
    """The only line that compares labels, if it is the first or the last of the reply; without markup and "Ranking:".

    Args:
        text: without reasoning that ended.
    """
    lines = [line for line in text.splitlines() if line.strip(_MARKUP)]
    compared = [number for number, line in enumerate(lines) if _COMPARISON.search(line)]
    if "{" in text or is_unfinished(text) or len(compared) != 1 or compared[0] not in (0, len(lines) - 1):
        return None
    line = _LEAD.sub("", lines[compared[0]])
    return re.sub(r"[*`]", "", line).strip(_MARKUP).removesuffix(".").strip()
