"""``None`` on the command line. Hydra reads it as a text, so a judge would get a criterion called "None".

It is null as a whole value, and as one of the values of a sweep (``key=None,0.5`` and ``key=choice(None,0.5)``). Inside a
list it stays a text, since "None" may be a prefix or the name of a column; ``null`` is null there, too.
"""

import inspect
import re
from collections.abc import Sequence
from typing import get_origin

from pydantic import BaseModel

from thoughtrank.config.schema import RunConfig

_OVERRIDE = re.compile(r"(\+{0,2}([\w.]+)=)((?:choice\()?)(.*?)(\)?)", re.DOTALL)
_VALUE = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)|[^,"'\[{(]|["'\[{(].*)+""", re.DOTALL
)
"""One of the values of a sweep; a comma inside quotes or brackets separates none."""


def null_for_none(arguments: Sequence[str]) -> list[str]:
    """A command line with ``null`` for each ``None``. A text in quotes stays, and so do a group's choice and a list."""
    return [_with_null(each) for each in arguments]


def _with_null(argument: str) -> str:
    found = _OVERRIDE.fullmatch(argument)
    if found is None or not ("." in found[2] or found[2] in _VALUES):
        return argument
    start, _, choice, values, end = found.groups()
    if bool(choice) != bool(end):
        values, end = values + end, ""
    return start + choice + _VALUE.sub(lambda each: re.sub(r"\A(\s*)None(\s*)\Z", r"\1null\2", each[0]), values) + end


def _is_group(kind: object) -> bool:
    return get_origin(kind) is dict or (inspect.isclass(kind) and issubclass(kind, BaseModel))


_VALUES = {name for name, field in RunConfig.model_fields.items() if not _is_group(field.annotation)}
"""Keys at the top that are no config groups."""
