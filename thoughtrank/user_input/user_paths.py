"""Paths as users write them."""

import os
import re
from pathlib import Path


def user_path(name: str) -> Path:
    """The path ``name`` with ``~`` replaced by the home directory; unchanged, and so not found, where there is no such user."""
    return Path(os.path.expanduser(name))  # noqa: PTH111  (Path.expanduser raises for an unknown user)


def address_of(path: Path) -> str | None:
    """The address that a user gave as a path, such as ``https://example.org/q.jsonl``; None for a path."""
    # A path has no two slashes in a row.
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", str(path))
    if found is None or os.path.exists(path):  # noqa: PTH110  (impossible names)
        return None
    return f"{found[0]}/{str(path)[found.end() :]}"
