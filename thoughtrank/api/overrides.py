"""Overrides of the config as texts, as they are given on the command line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import PurePath

from hydra.core.override_parser.types import Quote, QuotedString

from thoughtrank.errors import UserError

_KEY = re.compile(r"[+~]{0,2}[\w./@-]+")


def override_texts(overrides: Sequence[str] | Mapping[str, object]) -> list[str]:
    """``key=value`` for each override.

    Args:
        overrides: such texts, or a mapping from keys to plain values; a mapping inside it is a part of the config.

    Raises:
        UserError: one of them is no override, or a value that a config cannot hold.
    """
    if isinstance(overrides, Mapping):
        return list(_texts(overrides, where=""))
    if isinstance(overrides, str) or not all(isinstance(each, str) for each in overrides):
        raise UserError(
            f"overrides={overrides!r}: give a list such as ['rounds=1'], or a mapping such as {{'rounds': 1}}"
        )
    if flags := [each for each in overrides if each.startswith("-")]:
        raise UserError(
            f"{flags[0]}: flags are for the command line; config_dir= gives a folder, a loop of calls is a sweep"
        )
    return list(overrides)


def _texts(values: Mapping[str, object], *, where: str) -> Iterator[str]:
    for key, value in values.items():
        _check_key(key, where=f"{where}{key!r}")
        if isinstance(value, Mapping) and value:
            yield from _texts(value, where=f"{where}{key}.")
        else:
            yield f"{where}{key}={_value_text(value, where=f'{where}{key}')}"


def _check_key(key: object, *, where: str) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise UserError(f"{where}: a key of the config is a word, or several with dots between them, not {key!r}")


def _value_text(value: object, *, where: str) -> str:
    """A value in the grammar of the command line; texts are quoted, so that they stay texts."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, str | PurePath):
        return QuotedString(text=str(value), quote=Quote.single).with_quotes()
    if isinstance(value, Mapping):
        for key in value:
            _check_key(key, where=where)
        return f"{{{','.join(f'{key}:{_value_text(each, where=where)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(_value_text(each, where=where) for each in value)}]"
    raise UserError(
        f"{where}: a config cannot hold a {type(value).__name__}: give a number, a text, a list or a mapping"
    )
