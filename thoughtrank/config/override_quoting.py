"""Overrides of the command line as they have to be quoted: once for Hydra, and once more for the shell."""

import re
import shlex

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

_INTERPOLATION = re.compile(r"(\\*)\$\{")


def override_of(key: str, value: str) -> str:
    """An override that sets ``key`` to exactly this text, ready to be pasted into a shell; quoted only where it has to be."""
    plain = f"{key}={value}"
    escaped = _INTERPOLATION.sub(lambda match: match[1] * 2 + r"\${", value)
    is_plain = escaped == value and _value(plain) == value
    return shlex.quote(plain if is_plain else f"{key}={_quoted(escaped)}")


def requoted(override: str) -> str | None:
    """An override that Hydra cannot read, quoted for it and for a shell; None where quotes do not make it readable.

    Of a list, the elements are quoted that need it; mappings are left alone.
    """
    key, _, value = override.partition("=")
    if not key or not value:
        return None
    is_list = value.lstrip().startswith(("[", "{"))
    quoted = _quoted_elements(value) if is_list else _quoted(value)
    found = f"{key}={quoted}"
    return shlex.quote(found) if quoted is not None and _parsed(found) is not None else None


def _quoted_elements(value: str) -> str | None:
    """A list with its elements quoted; None where the value is none."""
    text = value.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    elements = (each.strip() for each in text[1:-1].split(","))
    return f"[{','.join(each if _parsed(f'key={each}') else _quoted(each) for each in elements)}]"


def _quoted(value: str) -> str:
    # The shell's quotes are single ones.
    return QuotedString(text=value, quote=Quote.double).with_quotes()


def _value(override: str) -> object:
    parsed = _parsed(override)
    return None if parsed is None or parsed.is_sweep_override() else parsed.value()


def _parsed(override: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None
