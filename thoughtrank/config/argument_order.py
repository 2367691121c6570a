"""The order of a command line: argparse, and with it Hydra, reads overrides in one piece only.

Those after a flag, as in ``selection=best -m seed=0,1``, would be refused as unknown arguments.
"""

from collections.abc import Sequence

_WITH_VALUE = {
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
    "--experimental-rerun",
}
"""Flags of Hydra that are followed by a value."""

_WITH_CHOICE = {"--info", "-i"}
"""Flags that may be followed by one of ``_CHOICES``."""
_CHOICES = {"all", "config", "defaults", "defaults-tree", "plugins", "searchpath"}


def overrides_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments, all overrides before all flags, each in their order. Unchanged where one of them is ``--``."""
    if "--" in arguments:
        return list(arguments)
    overrides: list[str] = []
    flags: list[str] = []
    before = ""
    for each in arguments:
        is_value = _takes_value(before) or (before in _WITH_CHOICE and each in _CHOICES)
        (flags if is_value or each.startswith("-") else overrides).append(each)
        before = "" if is_value else each
    return [*overrides, *flags]


def _takes_value(flag: str) -> bool:
    """Whether a flag, perhaps only the beginning of its name, is followed by a value."""
    return flag in _WITH_VALUE or (
        len(flag) > 2 and any(each.startswith(flag) for each in _WITH_VALUE if each[1] == "-")
    )
