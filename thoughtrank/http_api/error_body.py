"""What a server says in the body of an error, whatever the shape of that body."""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openai

_WORDS = (
    *(
        "message",
        "msg",
        "error_message",
        "errorMessage",
        "error_msg",
        "status_msg",
        "error",
        "errors",
        "detail",
        "details",
    ),
    *("error_description", "description", "reason", "title", "innererror", "metadata", "raw", "base_resp"),
)
"""Fields with words for people, in the order in which they are shown."""

_NAMES = ("code", "type", "param", "status", "error_code", "innererror", "error", "errors", "detail", "details")
"""Fields with names for programs, and the fields that may contain such fields."""

_ECHOES = frozenset(
    {
        *("input", "ctx", "url", "request", "body", "prompt", "messages", "flagged_input", "failed_generation"),
        *("headers", "stack", "traceback", "trace", "id", "request_id", "user_id", "timestamp", "path", "instance"),
        *("help", "documentation_url", "provider_name", *_NAMES[:5]),
    }
)
"""Fields whose text is the request again, or says nothing about the error."""

_DEEPEST = 8
_LONGEST = 20_000
"""Characters of a body that are read."""

_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def parsed_body(error: "openai.APIStatusError") -> object:
    """The body of the response, as JSON where it is JSON; the client keeps only a part of it."""
    text = error.response.text.strip()
    return parsed_text(text) if text else error.body


def error_words(body: object) -> str:
    """The words for people in the body of an error, without what it repeats of the request; empty if there are none.

    Understood are objects and lists with a message under any of the usual names, at any depth; lists of invalid fields with
    their location; JSON inside a text; HTML pages; and plain text.

    Args:
        body: as text, or parsed from JSON.
    """
    return "; ".join(dict.fromkeys(_words(body, depth=0)))[:_LONGEST]


def error_names(body: object) -> list[str]:
    """The names for programs in the body of an error: codes, types, parameters and locations."""
    return list(dict.fromkeys(_names(body, depth=0)))


def parsed_text(text: str) -> object:
    """A text as JSON where it is JSON, else as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _words(value: object, *, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield from _words_of_text(value, depth=depth)
    elif isinstance(value, Mapping):
        known = [name for name in _WORDS if value.get(name)]
        if known:
            location = _location(value.get("loc"))
            yield from (location + words for name in known for words in _words(value[name], depth=depth + 1))
        else:
            # An object that maps names of fields to what is wrong with them, or names that are not known here.
            named = "" if depth == 0 else "{}: "
            for name, inner in value.items():
                if str(name) not in _ECHOES:
                    yield from (named.format(name) + words for words in _words(inner, depth=depth + 1))
    elif isinstance(value, Sequence):
        for each in value[:20]:
            yield from _words(each, depth=depth + 1)


def _words_of_text(text: str, *, depth: int) -> Iterator[str]:
    text = text[:_LONGEST].strip()
    parsed = parsed_text(text) if text[:1] in ("{", "[") else text
    if not isinstance(parsed, str):
        yield from _words(parsed, depth=depth + 1)
        return
    if re.match(r"<(?:!doctype|html|head|body|h1|p|center)\b", text, re.IGNORECASE):
        text = html.unescape(_MARKUP.sub(" ", text))
    if words := " ".join(text.split()):
        yield words


def _location(location: object) -> str:
    """Where in the request something is wrong, as FastAPI states it."""
    if not isinstance(location, Sequence) or isinstance(location, str) or not location:
        return ""
    return ".".join(str(each) for each in location[:10]) + ": "


def _names(value: object, *, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = parsed_text(value)
    if isinstance(value, Mapping):
        for name in _NAMES:
            inner = value.get(name)
            if name in _NAMES[:5] and isinstance(inner, str | int) and not isinstance(inner, bool):
                yield str(inner)
            elif isinstance(inner, Mapping | list):
                yield from _names(inner, depth=depth + 1)
        yield from filter(None, [_location(value.get("loc"))])
    elif isinstance(value, list):
        for each in value[:20]:
            yield from _names(each, depth=depth + 1)
