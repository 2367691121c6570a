"""``None`` on the command line. Hydra reads it as a text, so a judge would get a criterion called "None"."""

import inspect
import re
from collections.abc import Sequence
from typing import get_origin

from pydantic import BaseModel

from thoughtrank.config.schema import RunConfig

_NONE = re.compile(r"(\+{0,2}([\w.]+)=)None")


def null_for_none(arguments: Sequence[str]) -> list[str]:
    """A command line with ``null`` in place of ``None``. A text in quotes stays, and so does a group's choice."""
    return [_with_null(each) for each in arguments]


def _with_null(argument: str) -> str:
    found = _NONE.fullmatch(argument)
    return f"{found[1]}null" if found and ("." in found[2] or found[2] in _VALUES) else argument


def _is_group(kind: object) -> bool:
    return get_origin(kind) is dict or (inspect.isclass(kind) and issubclass(kind, BaseModel))


_VALUES = {name for name, field in RunConfig.model_fields.items() if not _is_group(field.annotation)}
"""Keys at the top that are no config groups."""
