"""JSON files: atomic replacement, and reading."""

import json
from pathlib import Path
from typing import Any

from thoughtrank.storage.files import replacing


def write_json(path: Path, value: object, *, durable: bool = False) -> None:
    """Replace a JSON file atomically.

    Args:
        path: the file.
        value: its content.
        durable: see ``replacing``.
    """
    with replacing(path, durable=durable) as partial, partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def read_json(path: Path) -> Any:
    """Load a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Load a JSON file that holds an object; None if it is missing, damaged, or holds something else."""
    try:
        value = read_json(path)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
