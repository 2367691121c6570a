"""The marker of a finished stage, ``_done.json``: fingerprint, facts, and the rows or bytes of each of its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from thoughtrank.storage.json_files import read_json, write_json

DONE = "_done.json"
_MODEL_CARD = "README.md"


@dataclass(frozen=True, slots=True)
class DoneMarker:
    """The contents of the marker.

    Attributes:
        fingerprint: of the inputs.
        facts: of the stage.
        rows: file of the table to its number of rows; empty for stages without a table.
        sizes: other file to its size in bytes, such as those of a model; not files whose name begins with ``_``, and not the
            model card, which users edit.
    """

    fingerprint: str
    facts: dict[str, Any]
    rows: dict[str, int]
    sizes: dict[str, int]

    def damaged_parts(self, folder: Path) -> list[str]:
        """Files that cannot be read, or have another number of rows or bytes now; of the table also missing ones.

        Other missing files are not listed: ``keep`` may have deleted weights, and each stage knows what it needs.
        """
        rows = [name for name, rows in self.rows.items() if num_rows_of(folder / name) != rows]
        return [*rows, *(name for name, size in self.sizes.items() if _is_damaged(folder / name, size=size))]


def write_done(folder: Path, *, fingerprint: str, facts: dict[str, Any]) -> None:
    """Mark a folder as finished, with the rows and bytes it holds now; the last thing that is written into it."""
    rows = {path.name: parquet.read_metadata(path).num_rows for path in table_files(folder)}
    sizes = {path.name: path.stat().st_size for path in _other_files(folder)}
    counts = {name: counted for name, counted in (("rows", rows), ("sizes", sizes)) if counted}
    write_json(folder / DONE, {"fingerprint": fingerprint, "facts": facts, **counts}, durable=True)


def read_done(folder: Path) -> DoneMarker | None:
    """The marker of a folder; None if it has none that can be read, so that it is not finished."""
    try:
        content = read_json(folder / DONE)
        return DoneMarker(content["fingerprint"], content["facts"], content.get("rows", {}), content.get("sizes", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def table_files(folder: Path) -> list[Path]:
    """The files of a table, in the order of their names."""
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("_"))


def num_rows_of(path: Path) -> int | None:
    """Rows of one file, from its footer only; None if it is missing or cannot be read."""
    try:
        return int(parquet.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return None


def _other_files(folder: Path) -> list[Path]:
    """Files whose sizes are recorded; see ``DoneMarker``."""
    paths = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(("_", ".")))
    return [path for path in paths if path.suffix != ".parquet" and path.name != _MODEL_CARD]


def _is_damaged(path: Path, *, size: int) -> bool:
    try:
        return path.stat().st_size != size
    except FileNotFoundError:
        return False
