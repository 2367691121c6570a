"""Parts chosen by ``_target_``: found, checked against their constructor, and made, in this one place.

A target is imported plainly, so that an error inside a user's own module is shown as it is. Arguments are checked by
pydantic against the constructor's annotations: unknown names, wrong types and missing values all have their own line.
"""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, Literal, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from thoughtrank.errors import UserError


def find_target(name: str, *, where: str) -> Any:
    """Import the class or function called ``name``.

    Args:
        name: dotted path.
        where: the config key it stands in, for the message.

    Raises:
        UserError: there is no such module or name, or the module fails to import; the true error is in the message.
    """
    module_name, _, attribute = name.rpartition(".")
    if not module_name:
        raise UserError(f"{where}._target_: {name!r} is not a dotted path such as package.module.Class")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UserError(f"{where}._target_: cannot import {module_name!r}: {type(error).__name__}: {error}") from error
    if not hasattr(module, attribute):
        raise UserError(f"{where}._target_: module {module_name!r} has no {attribute!r}")
    return getattr(module, attribute)


def validation_faults(error: ValidationError, *, where: str) -> list[str]:
    """One line per fault, naming the key as it is typed on the command line."""
    words = {
        "extra_forbidden": "unknown key",
        "missing": "missing value",
        "missing_keyword_only_argument": "missing value",
    }
    lines = []
    for fault in error.errors():
        key = ".".join(str(step) for step in ([where] if where else []) + list(fault["loc"]))
        message = words.get(fault["type"]) or f"{fault['msg'][0].lower()}{fault['msg'][1:]}, not {fault['input']!r}"
        lines.append(f"{key}: {message}")
    return lines


def make_part(spec: Mapping[str, Any], *, where: str) -> Any:
    """Make the part that a config group describes.

    Args:
        spec: plain mapping with ``_target_`` and the keyword arguments of its constructor.
        where: the config group, for messages.

    Raises:
        UserError: the target cannot be found, or the arguments do not fit it.
    """
    if "_target_" not in spec:
        raise UserError(f"{where}: no _target_ (choose a file of conf/{where}/, or name a class)")
    target = find_target(str(spec["_target_"]), where=where)
    arguments = {key: _made(value, where=f"{where}.{key}") for key, value in spec.items() if key != "_target_"}
    return target(**_checked(target, arguments, where=where))


def _made(value: Any, *, where: str) -> Any:
    """A part inside a part; any other value as it is."""
    return make_part(value, where=where) if isinstance(value, Mapping) and "_target_" in value else value


def _checked(target: Any, arguments: dict[str, Any], *, where: str) -> dict[str, Any]:
    hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    fields: dict[str, Any] = {}
    more: Literal["allow", "forbid"] = "forbid"
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            more = "allow"
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    model = create_model("Arguments", __config__=ConfigDict(extra=more, protected_namespaces=()), **fields)
    try:
        checked = model.model_validate(arguments)
    except ValidationError as error:
        raise UserError(*validation_faults(error, where=where)) from error
    return {name: getattr(checked, name) for name in fields} | (checked.model_extra or {})
