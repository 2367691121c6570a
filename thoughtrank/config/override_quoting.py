"""Overrides of the command line as they have to be quoted: once for Hydra, and once more for the shell."""

import re
import shlex

_KEY = re.compile(r"(?:\+\+?|~)?[A-Za-z_][\w./@:-]*", re.ASCII)
_NEEDS_NO_QUOTES = re.compile(
    r"(?!(?:null|(?-i:None)|true|false|nan|inf)\Z)(?:[A-Za-z_][\w./+@%-]*|/[\w./+@%-]*)", re.ASCII | re.IGNORECASE
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_BEFORE_QUOTE = re.compile(r"(\\*)(\"|\Z)")
_OWN_QUOTES = re.compile(r"[\[\]{}\"]|(?<!\w)'|'(?!\w)")
"""In a list: quotes and brackets of its own; the apostrophe of "It's" is none."""
_INTERPOLATION = re.compile(r"(\\*)\$\{")


def override_of(key: str, value: str) -> str:
    """An override that sets ``key`` to exactly this text, ready to be pasted into a shell; quoted only where it has to be."""
    if _NEEDS_NO_QUOTES.fullmatch(value):
        return f"{key}={value}"
    escaped = _INTERPOLATION.sub(lambda match: match[1] * 2 + r"\${", value)
    return shlex.quote(f"{key}={_quoted(escaped)}")


def requoted(override: str) -> str | None:
    """An override that Hydra cannot read, quoted for it and for a shell; None where quotes do not make it readable.

    Of a list, the elements are quoted that need it; mappings are left alone.
    """
    key, _, value = override.partition("=")
    if not _KEY.fullmatch(key) or not value:
        return None
    is_list = value.lstrip().startswith(("[", "{"))
    quoted = _quoted_elements(value.strip()) if is_list else _quoted(value)
    return None if quoted is None else shlex.quote(f"{key}={quoted}")


def _quoted_elements(value: str) -> str | None:
    """A list with its elements quoted; None for a mapping, and for a list that does not end or has others inside."""
    inside = value[1:-1]
    if not (value.startswith("[") and value.endswith("]")) or _OWN_QUOTES.search(inside):
        return None
    elements = (each.strip() for each in inside.split(","))
    return f"[{','.join(each if _is_plain(each) else _quoted(each) for each in elements)}]"


def _is_plain(element: str) -> bool:
    return bool(_NEEDS_NO_QUOTES.fullmatch(element) or _NUMBER.fullmatch(element))


def _quoted(value: str) -> str:
    """In double quotes, since the shell's are single ones; Hydra reads backslashes as escapes only before a quote."""
    escaped = _BEFORE_QUOTE.sub(lambda match: match[1] * 2 + (r"\"" if match[2] else ""), value)
    return f'"{escaped}"'
