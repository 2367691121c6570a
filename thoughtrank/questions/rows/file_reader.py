"""Reads the rows of a local file one after the other: JSON lines or Parquet."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.conversations import CONVERSATION_COLUMNS, is_turns
from thoughtrank.questions.rows.conversion import UNPACK, document_fault, list_conversion, table_conversion
from thoughtrank.questions.rows.question_column import question_column_fix
from thoughtrank.user_input.user_paths import address_of

JSON_SUFFIXES = (".jsonl", ".json", ".ndjson")
_READ = f"with JSON lines ({', '.join(JSON_SUFFIXES)}) or Parquet (.parquet)"
"""What is read, for messages."""

_ROWS_AT_ONCE = 4096
"""Rows of a Parquet file that are held in memory."""
_COMPRESSED_STARTS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")
"""Of gzip, zstd, bzip2, xz and zip."""
_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file or dataset, unchanged.

    Attributes:
        number: line of a text file, otherwise row, from 1.
        values: value by column; empty where the row cannot be read.
        fault: why it cannot be read, or None.
    """

    number: int
    values: dict[str, object]
    fault: str | None = None


def open_file(path: Path) -> BinaryIO:
    """The file, opened to be read.

    Raises:
        UserError: it is missing, a folder, or not readable.
    """
    _require_no_address(path)
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise UserError(f"{path} is a folder: give a file {_READ}") from None
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a file {_READ}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a null character
        raise UserError(f"{str(path)!r} cannot be the name of a file: give a file {_READ}") from error


def _require_no_address(path: Path) -> None:
    if address := address_of(path):
        raise UserError(
            f"{address} is an address, and addresses are not read: download the file first, and give its path"
        )


def read_rows(path: Path, *, columns: tuple[str, ...], instead: tuple[str, ...] = ()) -> Iterator[Row]:
    """All rows except blank lines; rows that cannot be read have a ``fault``.

    Args:
        path: the file; its suffix determines the format.
        columns: columns to read of a Parquet file; only the first is required.
        instead: columns of which one may stand in for the first, which is the one with the question.

    Raises:
        UserError: the file as a whole cannot be read.
    """
    _require_no_address(path)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet_rows(path, columns, instead=instead)
    if suffix in JSON_SUFFIXES:
        return _json_rows(path, columns=(*columns, *instead))
    if path.is_dir():
        raise UserError(f"{path} is a folder: give one of its files, or join them to one")
    raise UserError(f"{path} has an unknown suffix: give a file {_READ}{table_conversion(path)}")


def _json_rows(path: Path, *, columns: tuple[str, ...]) -> Iterator[Row]:
    # Lines of bytes, not of text: JSON strings may contain characters that str.splitlines treats as line ends.
    with open_file(path) as file:
        is_first = True
        for number, line in enumerate(file, start=1):
            if number == 1:
                if line.startswith(_COMPRESSED_STARTS):
                    raise UserError(f"{path} is no text{UNPACK}")
                if line.startswith(_UTF16_BOMS):
                    raise UserError(f"{path} is UTF-16 text: save it as UTF-8")
                line = line.removeprefix(_BOM)
            if not line.strip():
                continue
            start = line.strip()
            # In a .jsonl file, a list in one line may be the turns of a row.
            if is_first and start.startswith(b"[") and (start == b"[" or path.suffix.lower() == ".json"):
                raise UserError(
                    f"{path} is one JSON list: write one JSON object per line instead.{list_conversion(path)}"
                )
            if is_first and (fault := document_fault(path, line=start, columns=columns)):
                raise UserError(fault)
            is_first = False
            yield _json_row(number, line.removesuffix(b"\n"))


def _json_row(number: int, line: bytes) -> Row:
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return Row(number, {}, "not UTF-8 text")
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"not valid JSON: {error}")
    if is_turns(values):
        values = {CONVERSATION_COLUMNS[0]: values}
    if not isinstance(values, dict):
        return Row(number, {}, "not a JSON object")
    return Row(number, values)


def _parquet_rows(path: Path, columns: tuple[str, ...], *, instead: tuple[str, ...]) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with open_file(path) as opened, parquet.ParquetFile(opened) as file:
            present = file.schema_arrow.names
            if not {columns[0], *instead} & set(present):
                fix = f"; {question_column_fix(present)}" if instead else ""
                there = ", ".join(present) or "none at all"
                raise UserError(f"{path} has no column {columns[0]!r}: it has {there}{fix}")
            wanted = [column for column in columns if column in present]
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=wanted):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, values)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}") from error
