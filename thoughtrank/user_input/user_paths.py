"""Paths as users write them."""

import os
from pathlib import Path


def user_path(name: str) -> Path:
    """The path ``name`` with ``~`` replaced by the home directory; unchanged, and so not found, where there is no such user."""
    return Path(os.path.expanduser(name))  # noqa: PTH111  (Path.expanduser raises for an unknown user)
