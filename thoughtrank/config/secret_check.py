"""Secrets in a config or on a command line, found before anything is written."""

import re
from collections.abc import Iterable, Iterator, Mapping

from thoughtrank.http_api.api_keys import key_name_faults
from thoughtrank.http_api.urls import secret_url_faults

_URL_KEYS = ("base_url", "base_urls")
_NAME_KEY = "api_key_env"
_WORD = re.compile(r"[^\s,\"'\[\](){}]+")
_NO_NAMES = ("null", "choice", "shuffle", "sort")


def secret_faults(values: Mapping[str, object], *, overrides: Iterable[str] = ()) -> list[str]:
    """One fault for each URL with a secret and each pasted key; none shows a value.

    Args:
        values: the config, or a part of it, as plain values; references such as ``${oc.env:URL}`` are not followed.
        overrides: of the command line, as ``key=value``; the value may be a sweep over several.
    """
    settings = [*_settings(values, where=""), *(each.lstrip("+~").partition("=")[::2] for each in overrides)]
    return list(dict.fromkeys(fault for key, text in settings for fault in _faults(key, text)))


def _settings(value: object, *, where: str) -> Iterator[tuple[str, str]]:
    """Every text in ``value``, with the dotted key it belongs to; items of a list belong to the key of the list."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _settings(each, where=f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _settings(each, where=where)
    elif isinstance(value, str):
        yield where, value


def _faults(setting: str, text: str) -> list[str]:
    group, _, key = setting.rpartition(".")
    if "${" in text:
        return []
    if key in _URL_KEYS:
        key_setting = f"{group}.{_NAME_KEY}" if group else _NAME_KEY
        # What was typed without http:// contains a password all the same.
        urls = [word if "//" in word else f"//{word}" for word in _WORD.findall(text)]
        return [fault for url in urls for fault in secret_url_faults(url, setting=setting, key_setting=key_setting)]
    if key == _NAME_KEY:
        words = [word for word in _WORD.findall(text) if word not in _NO_NAMES]
        return [fault for word in words for fault in key_name_faults(word, setting=setting)]
    return []
