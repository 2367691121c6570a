"""What Hydra reports about a command line that it cannot read or compose, as one sentence that names what to do."""

import re
from collections.abc import Sequence
from pathlib import Path

from thoughtrank.config.override_quoting import override_of, requoted
from thoughtrank.config.schema import WITHOUT_PACKAGE
from thoughtrank.errors import install_line

_GRAMMAR = "write key=value, a list as key=[a,b], and quote a value with other special characters, as in 'key=\"a,b\"'"
_WINDOWS_LINE_ENDS = (
    "followed by a carriage return: the script with the command has the line ends of Windows; sed -i 's/\\r$//' SCRIPT removes "
    "them"
)
_AMBIGUOUS = "Ambiguous value for argument '"
_UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'\.(?:\nTo append |\Z)")
_OUTSIDE_PACKAGE = re.compile(r"In '([^']+)': Could not override '[^'@]+@[^'.]+\.")
_RELATIVE_GROUP = re.compile(
    r"In '(?P<file>(?P<folder>[^']+)/[^'/]+)': Could not (?:find|override) "
    r"'(?P=folder)/(?P<group>[^'@]+?)(?:/(?P<choice>[^'@/]+)'|@)"
)
_SECOND_CHOICE = re.compile(r"Multiple values for ([\w/]+)\. To override a value use 'override [\w/]+: ([^']*)'")
_SEARCHED_FOLDER = re.compile(r"path=file://(.+)")
_NOT_LOADED = re.compile(r"Could not load '(.+)/[^'/]+'")
_NULL_GROUP = "Config group override must be a string or a list. Got NoneType"
_UNKNOWN_LAUNCHER = re.compile(r"Could not find 'hydra/launcher/([^']+)'")
_LAUNCHER_EXTRAS = {
    "joblib": "joblib",
    "submitit_local": "submitit",
    "submitit_slurm": "submitit",
    "ray": "ray",
    "ray_aws": "ray",
}
"""The extra of this package that each of Hydra's launchers comes with."""
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
        return _unreadable(override)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(_LINKS)]
    reasons = [line.strip() for line in cause.splitlines() if line.strip()][:1]
    what, *more = lines or reasons or ["the command line cannot be composed"]
    if what.startswith(_AMBIGUOUS):
        key, _, value = what.removeprefix(_AMBIGUOUS).removesuffix("'").partition("=")
        return (
            f"{key}={value}: a list is {key}=[{value}], a text is {override_of(key, value)}, and -m runs once for each"
        )
    if not options and (mistake := _defaults_fault(what)):
        return mistake
    if (launcher := _UNKNOWN_LAUNCHER.search(what)) and (extra := _LAUNCHER_EXTRAS.get(launcher[1])):
        return f"hydra/launcher={launcher[1]} needs a package that is not installed: {install_line(extra)}"
    options = options or _files_of_group(text)
    if options:
        return f"config: {what.rstrip('.')}: choose one of {', '.join(options)}"
    if what.startswith(_NULL_GROUP):
        return "config: a group is null: choose one of its files, as in judge=reference or logger=none"
    more = [each for each in [*more, *reasons] if each != what]
    return f"config: {what.rstrip('.')}{''.join(f'. {each}' for each in more)}"


def _unreadable(override: str) -> str:
    """A part of the command line that Hydra cannot read."""
    if override.endswith("\r"):
        return f"{override.rstrip()}: {_WINDOWS_LINE_ENDS}"
    quoted = requoted(override)
    if override.endswith(","):
        unless = f", or, if the comma belongs to the value, quote that: {quoted}" if quoted else ""
        return f"{override}: cannot be read: it ends with a comma: write no space after a comma{unless}"
    if override.endswith(";") and quoted:
        return f"{override}: cannot be read: leave out the ';', or quote it with its value: {quoted}"
    return f"{override}: cannot be read: {f'quote its value: {quoted}' if quoted else _GRAMMAR}"


def _defaults_fault(what: str) -> str | None:
    """A defaults list in which a choice is not written as an override; None for anything else."""
    if found := _OUTSIDE_PACKAGE.match(what):
        return f"{found[1]}: {WITHOUT_PACKAGE}"
    if found := _RELATIVE_GROUP.match(what):
        return f"{found['file']}: in its defaults, write - override /{found['group']}: {found['choice'] or 'CHOICE'}"
    if found := _SECOND_CHOICE.match(what):
        group, choice = found.groups()
        return (
            f"config: {group} is chosen twice: write {group}={choice} on a command line, and - override /{group}: {choice} in "
            "the defaults of a file"
        )
    return None


def _files_of_group(text: str) -> list[str]:
    """The choices there are, where Hydra names only the folders that it has looked in, as it does for a list of choices."""
    found = _NOT_LOADED.search(text)
    folders = [Path(each.strip()) / found[1] for each in _SEARCHED_FOLDER.findall(text)] if found else []
    return sorted({file.stem for folder in folders for file in folder.glob("*.yaml")})


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
