"""The marker of a finished stage, ``_done.json``: fingerprint, facts, and how many rows each file of its table has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from thoughtrank.storage.json_files import read_json, write_json

DONE = "_done.json"


@dataclass(frozen=True, slots=True)
class DoneMarker:
    """The contents of the marker.

    Attributes:
        fingerprint: of the inputs.
        facts: of the stage.
        rows: file of the table to its number of rows; empty for stages without a table.
    """

    fingerprint: str
    facts: dict[str, Any]
    rows: dict[str, int]

    def damaged_parts(self, folder: Path) -> list[str]:
        """Files of the table that are missing, cannot be read, or have another number of rows now."""
        return [name for name, rows in self.rows.items() if num_rows_of(folder / name) != rows]


def write_done(folder: Path, *, fingerprint: str, facts: dict[str, Any]) -> None:
    """Mark a folder as finished, with the rows it holds now; the last thing that is written into it."""
    rows = {path.name: parquet.read_metadata(path).num_rows for path in table_files(folder)}
    marker = {"fingerprint": fingerprint, "facts": facts, **({"rows": rows} if rows else {})}
    write_json(folder / DONE, marker, durable=True)


def read_done(folder: Path) -> DoneMarker | None:
    """The marker of a folder; None if it has none that can be read, so that it is not finished."""
    try:
        content = read_json(folder / DONE)
        return DoneMarker(content["fingerprint"], content["facts"], content.get("rows", {}))
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
