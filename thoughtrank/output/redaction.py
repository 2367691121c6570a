"""Secrets: found in environment variables and in text, removed from every text that is kept, and from child processes.

Config, command line, logs, loggers, sweep files and error messages pass through ``redacted``. Tables never do: they hold what
models and judges wrote.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import quote

_Value = TypeVar("_Value")

REDACTED = "[redacted]"
_SHORTEST_SECRET = 8
"""Characters; placeholders such as "none" and "x" are no secrets, and replacing them would garble every message."""
_SECRET_WORD = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
_SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_NO_SECRETS = frozenset({"TOKENIZERS_PARALLELISM"})
_NO_SECRET_STARTS = ("/", "~", ".", "http://", "https://")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USUAL_NAME = re.compile(r"(?=.{1,64}$)_*[A-Z][A-Z0-9]{0,15}(?:_+[A-Z0-9]{1,16})*_*")
"""Capitals and underscores, in words of at most 16 characters: what no pasted key looks like."""
_SECRET_SETTING = r"\w*(?:api_key|password|secret|auth_token|access_token)s?"
_HOLDS_SECRET = re.compile(_SECRET_SETTING, re.IGNORECASE)
_SETTING_NAME = rf"(?:\w*api_key_env|{_SECRET_SETTING})"
_QUOTED = r"\[[^\]]*\]|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
_SETTINGS = (
    # On a command line, where commas separate the values of a sweep.
    re.compile(rf"(\b{_SETTING_NAME}=)({_QUOTED}|[^\s\"'\]}})]+)", re.IGNORECASE),
    # In JSON or a printed mapping, in a mapping on a command line, and as a line of YAML.
    re.compile(
        rf"((?:\b{_SETTING_NAME}[\"']: ?|[{{,] *{_SETTING_NAME}: *|^[ -]*{_SETTING_NAME}: +))"
        rf"({_QUOTED}|[^\s,\"'\]}})]+)",
        re.IGNORECASE | re.MULTILINE,
    ),
)
_NO_VALUES = ("", "null", "None", "[]")
_URL = re.compile(r"\bhttps?://[^\s\"'<>]+", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#]*@")
_PARAMETER = re.compile(r"([?&#;])(?!api-version=)([^=&#;]+)=([^&#;,\])}]+)", re.IGNORECASE)

_variables_in_use: set[str] = set()
_redacted_variables: set[str] = set()


def use_key_variable(name: str) -> None:
    """Count the value of an environment variable as a secret from now on, whatever its name is."""
    _variables_in_use.add(name)


def use_key_variables(values: object) -> None:
    """``use_key_variable`` for every ``api_key_env`` in plain config values."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            if key == "api_key_env" and isinstance(value, str) and is_variable_name(value):
                use_key_variable(value)
            use_key_variables(value)
    elif isinstance(values, list | tuple):
        for value in values:
            use_key_variables(value)


def redact_variable(name: str) -> None:
    """Remove the value of an environment variable from texts, unless it is a path or URL; child processes still get it."""
    _redacted_variables.add(name)


def holds_secret(key: object) -> bool:
    """Whether a setting is called like one that holds a secret: ``api_key``, ``password``, ``auth_token`` and the like."""
    return isinstance(key, str) and _HOLDS_SECRET.fullmatch(key) is not None


def without_secrets(value: object) -> object:
    """Plain values without the settings that hold a secret, however deep inside."""
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items() if not holds_secret(key)}
    if isinstance(value, list | tuple):
        return [without_secrets(each) for each in value]
    return value


def is_variable_name(text: str) -> bool:
    """Whether a text is surely the name of a variable and not a key: one that is set, or written as names usually are."""
    return bool(_USUAL_NAME.fullmatch(text)) or (bool(_IDENTIFIER.fullmatch(text)) and text in os.environ)


def redacted(text: str) -> str:
    """A text without secrets.

    Removed are the values (8 characters or more) of the key variables in use and of all variables whose name ends in KEY,
    TOKEN, SECRET or PASSWORD; user, password and query of URLs, except ``api-version``; and what ``api_key_env`` is set to if
    that is no name, or settings called ``api_key``, ``password`` and the like.
    """
    for secret in _secrets():
        text = text.replace(secret, REDACTED)
    text = _URL.sub(lambda found: _PARAMETER.sub(rf"\1\2={REDACTED}", _USER.sub(f"{REDACTED}@", found[0])), text)
    for pattern in _SETTINGS:
        text = pattern.sub(_without_key, text)
    return text


def redacted_values(value: _Value) -> _Value:
    """Plain values with every string ``redacted``, and without what settings hold that are called like secrets.

    The keys of mappings stay, and so do references to variables.
    """
    return _redacted_value(value)  # type: ignore[return-value]


def child_environment(*, without: Iterable[str] = ()) -> dict[str, str]:
    """The environment for a child process that needs no key.

    Left out are the key variables in use, and every name that contains KEY, TOKEN, SECRET or PASSWORD.

    Args:
        without: further names to leave out.
    """
    hidden = _variables_in_use.union(without)
    return {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and (name in _NO_SECRETS or not _SECRET_WORD.search(name))
    }


def foreign_environment() -> dict[str, str]:
    """``child_environment`` for a program of another environment: no paths and settings of this one, nor of its folder."""
    variables = child_environment(without=("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"))
    return {**variables, "PYTHONSAFEPATH": "1"}


def _redacted_value(value: object) -> object:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: _redacted_setting(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted_value(each) for each in value]
    return value


def _redacted_setting(key: object, value: object) -> object:
    if key == "api_key_env" and isinstance(value, str) and not is_variable_name(value) and not value.startswith("${"):
        return REDACTED
    return _redacted_secret(value) if holds_secret(key) else _redacted_value(value)


def _redacted_secret(value: object) -> object:
    """A text or number, also in a list, in a setting that holds a secret; a mapping has settings of its own."""
    if isinstance(value, list | tuple):
        return [_redacted_secret(each) for each in value]
    is_secret = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str):
        is_secret = value not in _NO_VALUES and "${" not in value
    return REDACTED if is_secret else _redacted_value(value)


def _secrets() -> list[str]:
    """Longest first, so that a secret that contains another one is removed as a whole; each also as URLs contain it."""
    values = {
        value.strip()
        for name, value in os.environ.items()
        if name in _variables_in_use
        or ((name in _redacted_variables or _SECRET_NAME.search(name)) and not value.startswith(_NO_SECRET_STARTS))
    }
    found = {value for value in values if len(value) >= _SHORTEST_SECRET}
    return sorted(found | {quote(value, safe="") for value in found}, key=len, reverse=True)


def _without_key(found: re.Match[str]) -> str:
    names_a_variable = "api_key_env" in found[1].lower()
    value = found[2].strip("\"'")
    if value in _NO_VALUES or value.startswith(("${", REDACTED[:-1])):
        return found[0]
    if names_a_variable and all(map(is_variable_name, value.split(","))):
        return found[0]
    return f"{found[1]}{REDACTED}"
