"""Names of runs: folders inside ``runs_dir``, such as ``mine`` or ``study/mine``."""

import unicodedata
from pathlib import Path, PurePosixPath

_LONGEST_PART = 255
"""Bytes of one name in common file systems."""

_LONGEST = 1000
"""Bytes; paths of about 4,000 are possible, and the names of the run's own files follow."""

_NOT_WRITTEN = ("Cc", "Cs")
"""Unicode categories: control characters, and surrogates, which stand for bytes that are not text."""


def run_name_fault(name: str) -> str | None:
    """Why a run cannot have this name, as the end of a sentence that begins with ``run:``; None where it can."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or parts[0].startswith("/"):
        return "the name must be a folder inside runs_dir, such as mine or study/mine"
    if any(unicodedata.category(character) in _NOT_WRITTEN for character in name):
        return "the name must not contain control characters"
    if max(map(_length, parts)) > _LONGEST_PART:
        return f"the name is longer than the {_LONGEST_PART} bytes that a folder's name may have"
    return f"the name is longer than {_LONGEST} bytes" if _length(name) > _LONGEST else None


def run_name(folder: Path, *, runs_dir: Path) -> str:
    """The name of the run in ``folder``; that of the folder where this is not inside ``runs_dir``."""
    return folder.relative_to(runs_dir).as_posix() if folder.is_relative_to(runs_dir) else folder.name


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
