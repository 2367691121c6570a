"""Components named by the config of a run folder, which may come from someone else: no foreign code is run unasked."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from thoughtrank.errors import UserError
from thoughtrank.instantiate import Component, current_target, find_target, make_component
from thoughtrank.models.protocol import ModelSource
from thoughtrank.output.terminal import print_text
from thoughtrank.questions.protocol import QuestionSource

TRUST_FLAG = "--trust-code"
_GROUPS = {"model": ("thoughtrank.models.", ModelSource), "questions": ("thoughtrank.questions.", QuestionSource)}
"""Config group to the package of its classes, and their protocol."""


def run_component(spec: Mapping[str, Any], *, group: str, trust_code: bool) -> Any:
    """Make the component of a run folder's config.

    Args:
        spec: the component's config.
        group: its config group, ``model`` or ``questions``.
        trust_code: also run what is no component class of this group from this package; it is printed before.

    Raises:
        UserError: it would run other code, and ``trust_code`` is not set; or the component cannot be made.
    """
    foreign = [name for name in _targets(spec) if not _is_component_class(name, group=group)]
    if foreign and not trust_code:
        raise UserError(
            f"{group}: the config of this run folder would import and run {', '.join(foreign)}, which is no {group} class of "
            f"thoughtrank: if you trust it, give {TRUST_FLAG}"
        )
    for name in foreign:
        print_text(f"running {name}, which the config of this run folder names ({group})")
    return make_component(spec, where=group)


def _targets(value: object) -> Iterator[str]:
    """Every ``_target_`` in a config, however deep inside."""
    if isinstance(value, Mapping):
        if "_target_" in value:
            yield str(value["_target_"])
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _targets(each)


def _is_component_class(name: str, *, group: str) -> bool:
    package, protocol = _GROUPS[group]
    # Before anything is imported.
    if not current_target(name).startswith(package):
        return False
    try:
        target = find_target(name, where=group)
    except UserError:
        return False
    # Not issubclass: the protocols cannot be checked at run time.
    return (
        inspect.isclass(target)
        and target.__module__.startswith(package)
        and any(base in target.__mro__ for base in (Component, protocol))
    )
