"""Values of the config that do not fit the types they are declared with, one line each, by the key as it is typed."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from thoughtrank.output.redaction import holds_secret, redacted
from thoughtrank.user_input.number_ranges import LARGEST_INTEGER

UNKNOWN_KEY = "unknown key"
_WORDS = {
    "missing": "missing value",
    "missing_keyword_only_argument": "missing value",
}
_GROUPS_WITH_KEY = ("judge", "engine")
_EXPECTED = "Input should be "
"""How pydantic begins to say what it expects; after a comma it says what it found."""

_NOT_UTF8 = "not valid UTF-8: save the script or file that it comes from in UTF-8"

_Path = tuple[int | str, ...]


def type_faults(error: ValidationError, values: Any, *, where: str) -> list[str]:
    """One line per value.

    Args:
        error: of pydantic.
        values: what was checked.
        where: the key that they stand in, empty for a whole config.
    """
    by_path: dict[_Path, list[ErrorDetails]] = {}
    for fault in error.errors():
        by_path.setdefault(_path(fault, values), []).append(fault)
    lines = []
    for path, faults in by_path.items():
        # Another of the types that the value may have went further into it.
        if not any(other[: len(path)] == path for other in by_path if len(other) > len(path)):
            key = ".".join(map(str, [where, *path] if where else path))
            lines.append(_line(key, faults, show=not any(map(holds_secret, path))))
    return lines


def unknown_key_fault(key: str, *, hint: str = "") -> str:
    """One sentence about a key that there is not.

    Where what follows the colon would be taken for a secret and removed, there is none.

    Args:
        key: as it is typed.
        hint: which one may have been meant.
    """
    group, _, name = key.rpartition(".")
    if not holds_secret(name):
        fault = f"{key}: {UNKNOWN_KEY}{hint}"
        return fault if redacted(fault) == fault else f"{key} is no setting{hint}"
    settings = [f"{each}.api_key_env" for each in _GROUPS_WITH_KEY if group in (each, "")]
    where = f", and name the variable in {' or '.join(settings)}" if settings else ""
    return f"{key} is no setting: export the key as an environment variable{where}"


def _path(fault: ErrorDetails, values: Any) -> _Path:
    """The location without the names that pydantic gives to the types that a value may have."""
    path: list[int | str] = []
    *_, last = fault["loc"]
    for step in fault["loc"]:
        keyed = isinstance(values, Mapping) and step in values
        if keyed or (isinstance(values, list | tuple) and isinstance(step, int)):
            values = values[step]
            path.append(step)
        elif step == last and fault["type"] in _WORDS:
            path.append(step)
    return tuple(path)


def _line(key: str, faults: list[ErrorDetails], *, show: bool) -> str:
    if faults[0]["type"] == "extra_forbidden":
        return unknown_key_fault(key)
    return f"{key}: {_message(faults, show=show)}{_quoting(key, faults) if show else ''}"


def _quoting(key: str, faults: list[ErrorDetails]) -> str:
    """How a number is given where a text is expected; nothing for anything else."""
    value = faults[0]["input"]
    if isinstance(value, bool) or not isinstance(value, int | float) or faults[0]["type"] != "string_type":
        return ""
    if key.rpartition(".")[2].isdigit():  # one of a list
        return f": write \"{value}\" in the list, which is in '...' for the shell"
    return f": write '{key}=\"{value}\"'"


def _message(faults: list[ErrorDetails], *, show: bool) -> str:
    """What is expected of one value, in all of the types that it may have, and the value where it is to be shown."""
    first = faults[0]
    if first["type"] in _WORDS:
        return _WORDS[first["type"]]
    messages = [fault["msg"] for fault in faults]
    if len(messages) > 1 and all(message.startswith(_EXPECTED) for message in messages):
        expected = [message.removeprefix(_EXPECTED).partition(", ")[0] for message in messages]
        messages = [_EXPECTED + " or ".join(dict.fromkeys(expected))]
    found = f", not {first['input']!r}" if show else ""
    return f"{messages[0][0].lower()}{messages[0][1:]}{found}"


def number_faults(value: Any, *, where: str) -> list[str]:
    """One line for each number in ``value``, however deep inside, that is not finite or has more than 64 bits."""
    if isinstance(value, Mapping):
        return [fault for key, each in value.items() for fault in number_faults(each, where=_inside(where, key))]
    if isinstance(value, list | tuple):
        return [fault for index, each in enumerate(value) for fault in number_faults(each, where=_inside(where, index))]
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{where}: input should be a finite number, not {value}"]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return [f"{where}: input should be a number of at most 64 bits"]
    return []


def encoding_faults(value: Any, *, where: str) -> list[str]:
    """One line for each text in ``value``, however deep inside, and each key that cannot be written as UTF-8.

    Python reads bytes that are not valid UTF-8, as a script in Latin-1 has them, as lone surrogates.
    """
    if isinstance(value, Mapping):
        return [fault for key, each in value.items() for fault in _entry_encoding_faults(key, each, where=where)]
    if isinstance(value, list | tuple):
        return [
            fault for index, each in enumerate(value) for fault in encoding_faults(each, where=_inside(where, index))
        ]
    return [f"{where}: {_NOT_UTF8}"] if isinstance(value, str) and not _is_text(value) else []


def _entry_encoding_faults(key: object, value: Any, *, where: str) -> list[str]:
    inside = _inside(where, key)
    of_key = [] if _is_text(str(key)) else [f"{inside}: the key is {_NOT_UTF8}"]
    return of_key + encoding_faults(value, where=inside)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)
