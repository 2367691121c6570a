"""Tables of records: folders of Parquet files, one file per unit of work.

Columns are the fields of the dataclass, in order. Files are written atomically.
"""

import types
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as parquet

from thoughtrank.errors import UserError
from thoughtrank.storage.done_marker import read_done, table_files
from thoughtrank.storage.files import replacing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RecordT = TypeVar("RecordT")

_ROWS_AT_ONCE = 4096
"""Rows of a file that are held in memory while it is read or written."""

_ARROW_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def _arrow_type(annotation: object) -> pa.DataType:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _arrow_type(next(each for each in arguments if each is not type(None)))
    if origin is Literal:
        return pa.string()
    if origin is tuple:
        return pa.list_(_arrow_type(arguments[0]))
    if is_dataclass(annotation) and isinstance(annotation, type):
        return pa.struct(list(schema_of(annotation)))
    return _ARROW_TYPES[annotation]  # type: ignore[index]


def schema_of(record_type: type) -> pa.Schema:
    """The Parquet schema of a record type; only optional fields may be null."""
    hints = get_type_hints(record_type)
    columns = []
    for field in fields(record_type):
        optional = type(None) in get_args(hints[field.name])
        columns.append(pa.field(field.name, _arrow_type(hints[field.name]), nullable=optional))
    return pa.schema(columns)


def part_path(folder: Path, number: int) -> Path:
    """The file of the table in ``folder`` that holds unit ``number`` of its work, from 0."""
    return folder / f"part-{number:05d}.parquet"


def write_part(path: Path, records: "Sequence[DataclassInstance]", *, record_type: type) -> None:
    """Write one file of a table; it replaces an older one atomically.

    Args:
        path: the ``.parquet`` file.
        records: rows, possibly none.
        record_type: their dataclass, which also gives an empty table its columns.
    """
    write_rows(path, records, record_type=record_type)


def write_rows(path: Path, records: "Iterable[DataclassInstance]", *, record_type: type) -> int:
    """The same for rows that are made one after the other, of which a bounded number is held in memory.

    Returns:
        Number of rows.
    """
    schema, rows = schema_of(record_type), iter(records)
    written = 0
    with replacing(path) as partial, parquet.ParquetWriter(partial, schema) as writer:
        while group := [asdict(record) for record in islice(rows, _ROWS_AT_ONCE)]:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            written += len(group)
    return written


def num_rows(folder: Path) -> int:
    """Rows of a table, from the files' footers only."""
    return sum(parquet.read_metadata(path).num_rows for path in table_files(folder))


def column_of(path: Path, name: str) -> Iterator[object]:
    """The values of one column of a file, of which a bounded number is held in memory."""
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=[name]):
            yield from batch.column(0).to_pylist()


def rows_of(path: Path, record_type: type[RecordT], *, without: Collection[str] = ()) -> Iterator[RecordT]:
    """The rows of one file, of which a bounded number is held in memory.

    Args:
        path: the file.
        record_type: of its rows.
        without: columns that are not read; these fields of the record have defaults.

    Raises:
        UserError: the file is damaged, or holds other rows.
    """
    hints = get_type_hints(record_type)
    lists = {
        name: get_args(hint)[0] for name, hint in hints.items() if get_origin(hint) is tuple and name not in without
    }
    try:
        with parquet.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name not in without]
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                for row in batch.to_pylist():
                    row.update((name, _items(row[name], item)) for name, item in lists.items() if name in row)
                    yield record_type(**row)
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path} is damaged, or no table of {record_type.__name__} ({reason}): restore it") from error


def _items(values: list[Any], item_type: type) -> tuple[Any, ...]:
    """The items of a list; those that are records of their own as such."""
    return tuple(item_type(**each) for each in values) if is_dataclass(item_type) else tuple(values)


def read_table(folder: Path, record_type: type[RecordT]) -> list[RecordT]:
    """All rows of a table, file by file in the order of their names.

    Raises:
        UserError: a file of the finished table is missing, or not as it was.
    """
    return list(TableRows(folder, record_type))


class TableRows(Generic[RecordT]):
    """The rows of a table, read again by every iteration, of which a bounded number is held in memory.

    Args:
        folder: of the table.
        record_type: of its rows.
        without: columns that are not read; see ``rows_of``.
    """

    def __init__(self, folder: Path, record_type: type[RecordT], *, without: Collection[str] = ()) -> None:
        self._folder = folder
        self._record_type = record_type
        self._without = without

    def __iter__(self) -> Iterator[RecordT]:
        """The rows, file by file in the order of their names.

        Raises:
            UserError: a file of the finished table is missing, or not as it was.
        """
        _check_complete(self._folder)
        for path in table_files(self._folder):
            yield from rows_of(path, self._record_type, without=self._without)


def _check_complete(folder: Path) -> None:
    marker = read_done(folder)
    damaged = [] if marker is None else marker.damaged_parts(folder)
    if damaged:
        raise UserError(
            f"the table {folder} is damaged: {', '.join(damaged[:5])} missing, or not as it was when the stage finished. Put "
            "it back, or delete the run's summary.json and give its command again to recompute the table"
        )
