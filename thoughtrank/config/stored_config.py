"""The config as a run folder and loggers keep it: without secrets, and with ``${oc.env:NAME}`` as it was written."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.errors import UserError
from thoughtrank.output.redaction import redact_variable, redacted_values
from thoughtrank.storage.files import write_text

_REFERENCE = re.compile(r"\$\{oc\.env:\s*(\w+)\s*(?:,([^${}]*))?\}")


def reference_to_variable(name: str, *default: object) -> str:
    """``${oc.env:NAME}`` or ``${oc.env:NAME,DEFAULT}``, as config values contain it."""
    return f"${{oc.env:{','.join([name, *('null' if each is None else str(each) for each in default)])}}}"


def redact_referenced_variables(values: object) -> None:
    """Count the variables that are a whole config value as secrets: their values may be secret."""
    if isinstance(values, Mapping):
        for each in values.values():
            redact_referenced_variables(each)
    elif isinstance(values, list | tuple):
        for each in values:
            redact_referenced_variables(each)
    elif isinstance(values, str) and (found := _REFERENCE.fullmatch(values)):
        redact_variable(found[1])


def write_stored_config(path: Path, values: Mapping[str, Any]) -> None:
    """Write a config atomically, without secrets.

    Args:
        path: of the file.
        values: with references to environment variables.
    """
    write_text(path, yaml.safe_dump(redacted_values(dict(values)), sort_keys=False, allow_unicode=True))


def read_stored_config(path: Path) -> dict[str, Any]:
    """A stored config, with references replaced by the values of the variables where they are set.

    Raises:
        UserError: the file is no config.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        values = None
    if not isinstance(values, dict):
        raise UserError(f"{path} is no config of a run: restore it, or choose another run=")
    return {key: _with_variables(value) for key, value in values.items()}


def missing_variables(values: object) -> list[str]:
    """Names of the variables that are still referred to."""
    if isinstance(values, Mapping):
        return sorted({name for each in values.values() for name in missing_variables(each)})
    if isinstance(values, list | tuple):
        return sorted({name for each in values for name in missing_variables(each)})
    return [found[1] for found in _REFERENCE.finditer(values)] if isinstance(values, str) else []


def _with_variables(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_variables(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_variables(each) for each in value]
    if not isinstance(value, str):
        return value
    replaced = _REFERENCE.sub(lambda found: os.environ.get(found[1], found[0] if found[2] is None else found[2]), value)
    return None if replaced == "null" and replaced != value else replaced
