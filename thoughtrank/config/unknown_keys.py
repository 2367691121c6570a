"""A key of the command line that the composed config lacks: where it belongs, or which one was meant."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from thoughtrank.errors import UserError
from thoughtrank.instantiate import find_target
from thoughtrank.output.redaction import holds_secret
from thoughtrank.user_input.value_faults import unknown_key_fault

_NO_GROUPS = ("experiment",)
"""Their files set keys of any group."""
_OWN = "thoughtrank."

Choices = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Config group to the names of its files to what they contain."""


def choices_in(folder: Path) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the files of the config groups in a folder contain."""
    return {
        group.name: {file.stem: _contents(file) for file in sorted(group.glob("*.yaml"))}
        for group in sorted(folder.iterdir())
        if group.is_dir() and group.name not in _NO_GROUPS
    }


def override_fault(key: str, *, values: Mapping[str, Any], choices: Choices) -> str:
    """One sentence.

    Args:
        key: as it was typed.
        values: the composed config, without the key.
        choices: the files of the config groups of this project.
    """
    steps = tuple(key.split("."))
    if holders := _holders(steps, choices):
        return _other_choice(key, holders)
    takes = _takes(steps, values)
    if holds_secret(steps[-1]) and not takes:
        return unknown_key_fault(key)
    if takes:
        return unknown_key_fault(key, hint=f" in the chosen file, but its class takes it: write +{key}=...")
    if meant := nearest_key(steps, [values, _merged(choices)]):
        holders = [] if _holds(values, meant) else _holders(meant, choices)
        belonging = f", a key of {' or '.join(holders)}" if holders else ""
        return unknown_key_fault(key, hint=f": did you mean {'.'.join(meant)}{belonging}?")
    return unknown_key_fault(key, hint=": docs/config lists all keys")


def nearest_key(steps: tuple[str, ...], trees: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """The key of nested mappings that is spelled most like another one; where none is, the only one with its last part.

    Args:
        steps: the parts of the other one.
        trees: the mappings; the first one with a single key of that last part counts.
    """
    of_trees = [list(_keys(tree)) for tree in trees]
    found: tuple[str, ...] = ()
    for step in steps:
        here = {
            key[len(found)]: None for keys in of_trees for key in keys if len(key) > len(found) and _is_in(key, found)
        }
        close = get_close_matches(step.replace("-", "_"), here, n=1)
        if not close:
            break
        found = (*found, close[0])
    else:
        return found
    last = steps[-1].replace("-", "_")
    same_end = ([key for key in keys if _is_in(key, found) and key[-1] == last] for keys in of_trees)
    return next((keys[0] for keys in same_end if len(keys) == 1), None)


def _is_in(key: tuple[str, ...], group: tuple[str, ...]) -> bool:
    return key[: len(group)] == group


def _contents(file: Path) -> Mapping[str, Any]:
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found if isinstance(found, Mapping) else {}


def _merged(choices: Choices) -> dict[str, Any]:
    """The keys of all files of a group together."""
    merged: dict[str, Any] = {}
    for group, files in choices.items():
        merged[group] = {key: value for contents in files.values() for key, value in contents.items()}
    return merged


def _keys(tree: Mapping[str, Any], *, where: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key that may be typed, with those above it."""
    for key, value in tree.items():
        if key != "_target_":
            yield (*where, str(key))
            if isinstance(value, Mapping):
                yield from _keys(value, where=(*where, str(key)))


def _holds(tree: Mapping[str, Any], steps: tuple[str, ...]) -> bool:
    return steps in _keys(tree)


def _holders(steps: tuple[str, ...], choices: Choices) -> list[str]:
    """The choices whose files have a key, as they are typed."""
    group, *inner = steps
    files = choices.get(group, {}) if inner else {}
    return [f"{group}={name}" for name, contents in files.items() if _holds(contents, tuple(inner))]


def _other_choice(key: str, holders: list[str]) -> str:
    group = key.partition(".")[0]
    which = "it" if len(holders) == 1 else "one of them"
    return f"{key}: not a key of the chosen {group}, but of {' or '.join(holders)}: choose {which} as well"


def _takes(steps: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """Whether the component that a key stands in takes it, though its file does not name it."""
    *above, last = steps
    inner: Any = values
    for step in above:
        inner = inner.get(step) if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or "_target_" not in inner:
        return False
    name = str(inner["_target_"])
    try:
        parameters = inspect.signature(find_target(name, where=".".join(above))).parameters
    except UserError:
        return False
    # What the project's own take under any name are components, which have files of their own.
    takes_any = not name.startswith(_OWN) and any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    return last in parameters or takes_any
