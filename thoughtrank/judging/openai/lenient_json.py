"""Reads one JSON object as models write it.

Beyond JSON are allowed: line breaks and unknown escapes inside strings, a comma after the last element, and single or curly
quotes where no straight double quote occurs. What is cut, or has one name twice, stays unread.
"""

import json
import re

_STRING_OR_LAST_COMMA = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|,(?=\s*[\]}])', re.DOTALL)
_UNKNOWN_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')
_OTHER_QUOTES = str.maketrans(dict.fromkeys("'‘’“”", '"'))


def json_object(text: str) -> dict[str, object] | None:
    """The object that ``text`` is, or that it encodes as a JSON string; None for anything else."""
    parsed = _parsed(text)
    if isinstance(parsed, str):  # servers encode their object once more
        parsed = _parsed(parsed)
    return parsed if isinstance(parsed, dict) else None


def _parsed(text: str) -> object:
    for variant in (text, _as_json(text)):
        try:
            return json.loads(variant, strict=False, object_pairs_hook=_without_repetition)
        except (ValueError, RecursionError):
            continue
    return None


def _as_json(text: str) -> str:
    """The text without what JSON does not allow."""
    if '"' not in text:
        text = text.translate(_OTHER_QUOTES)
    return _STRING_OR_LAST_COMMA.sub(lambda found: "" if found[0] == "," else _escaped(found[0]), text)


def _escaped(string: str) -> str:
    """The string with a backslash doubled where it begins no escape."""
    return _UNKNOWN_ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", string)


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object; two values under one name contradict each other."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is repeated")
    return dict(pairs)
