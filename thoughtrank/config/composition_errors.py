"""What Hydra reports about a command line that it cannot read or compose, as one sentence that names what to do."""

import re
from collections.abc import Sequence

from thoughtrank.config.override_quoting import override_of, requoted

_GRAMMAR = "write key=value, a list as key=[a,b], and quote a value with other special characters, as in 'key=\"a,b\"'"
_WINDOWS_LINE_ENDS = (
    "followed by a carriage return: the script with the command has the line ends of Windows; sed -i 's/\\r$//' SCRIPT removes "
    "them"
)
_AMBIGUOUS = "Ambiguous value for argument '"
_UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'\.(?:\nTo append |\Z)")
_NULL_GROUP = "Config group override must be a string or a list. Got NoneType"
_LINKS = ("See https://", "See http://")


def composition_fault(text: str, *, cause: str, override: str | None, options: Sequence[str]) -> str:
    """One sentence.

    Args:
        text: of Hydra's error.
        cause: text of the error that caused it.
        override: the part of the command line that cannot be read, if it is that.
        options: the choices there are, if an unknown one was made.
    """
    if override is not None:
        if override.endswith("\r"):
            return f"{override.rstrip()}: {_WINDOWS_LINE_ENDS}"
        quoted = requoted(override)
        if override.endswith(";") and quoted:
            return f"{override}: cannot be read: leave out the ';', or quote it with its value: {quoted}"
        return f"{override}: cannot be read: {f'quote its value: {quoted}' if quoted else _GRAMMAR}"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(_LINKS)]
    reasons = [line.strip() for line in cause.splitlines() if line.strip()][:1]
    what, *more = lines or reasons or ["the command line cannot be composed"]
    if what.startswith(_AMBIGUOUS):
        key, _, value = what.removeprefix(_AMBIGUOUS).removesuffix("'").partition("=")
        return (
            f"{key}={value}: a list is {key}=[{value}], a text is {override_of(key, value)}, and -m runs once for each"
        )
    if options:
        return f"config: {what}: choose one of {', '.join(options)}"
    if what.startswith(_NULL_GROUP):
        return "config: a group is null: choose one of its files, as in judge=reference"
    more = [each for each in [*more, *reasons] if each != what]
    return f"config: {what.rstrip('.')}{''.join(f'. {each}' for each in more)}"


def unknown_key(text: str) -> str | None:
    """The key that Hydra does not find in the config; None where its error is about something else."""
    found = _UNKNOWN_KEY.match(text)
    return found[1] if found else None


def encoding_fault(content: bytes, *, bad: int) -> str:
    """One sentence about a file that is not valid UTF-8, whose name is not known.

    Args:
        content: of the file, or its beginning.
        bad: index of the first byte that cannot be read.
    """
    *lines, before = content[:bad].decode(errors="replace").split("\n")
    return (
        f"config: a YAML file is not valid UTF-8: save it in UTF-8; line {len(lines) + 1} has another character after "
        f"{before.strip()!r}"
    )
