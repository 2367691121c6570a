"""Rows of many groups that come in any order, written group after group, of which a bounded number is held in memory."""

from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as parquet

from thoughtrank.storage.tables import rows_of, schema_of, write_rows

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RowT = TypeVar("RowT", bound="DataclassInstance")

_ROWS_PER_BUCKET = 20_000
_MOST_BUCKETS = 64
"""Files that are open at once; a bucket of more rows than the above then takes more memory."""


class GroupedRows(Generic[RowT]):
    """A table that is written as its rows come, and then put in the order of their groups.

    Args:
        path: of the table; the rows lie beside it until they are in order.
        record_type: of the rows.
    """

    def __init__(self, path: Path, *, record_type: type[RowT]) -> None:
        self._path = path
        self._record_type = record_type
        self._groups = array("q")

    def write(self, rows: Iterable[tuple[int, RowT]]) -> int:
        """Write all rows, each with the number of its group; within a group, they stay in their order.

        Returns:
            Number of rows.
        """
        spool = self._path.with_name(f"_{self._path.name}.unsorted")
        try:
            write_rows(spool, self._counted(rows), record_type=self._record_type)
            if all(group <= following for group, following in pairwise(self._groups)):
                spool.replace(self._path)
            else:
                self._sort(spool)
        finally:
            spool.unlink(missing_ok=True)
        return len(self._groups)

    def _counted(self, rows: Iterable[tuple[int, RowT]]) -> Iterator[RowT]:
        for group, row in rows:
            self._groups.append(group)
            yield row

    def _sort(self, spool: Path) -> None:
        """Distribute the rows over buckets of neighbouring groups, which are then sorted one by one."""
        number = min(_MOST_BUCKETS, len(self._groups) // _ROWS_PER_BUCKET + 1)
        width = max(self._groups) // number + 1
        buckets = [self._path.with_name(f"_{self._path.name}.bucket{index}") for index in range(number)]
        try:
            self._distribute(spool, buckets, width=width)
            write_rows(self._path, self._sorted(buckets, width=width), record_type=self._record_type)
        finally:
            for bucket in buckets:
                bucket.unlink(missing_ok=True)

    def _distribute(self, spool: Path, buckets: list[Path], *, width: int) -> None:
        schema, start = schema_of(self._record_type), 0
        with ExitStack() as opened, parquet.ParquetFile(spool) as file:
            writers = [opened.enter_context(parquet.ParquetWriter(bucket, schema)) for bucket in buckets]
            for batch in file.iter_batches(batch_size=_ROWS_PER_BUCKET):
                positions: dict[int, list[int]] = {}
                for index in range(batch.num_rows):
                    positions.setdefault(self._groups[start + index] // width, []).append(index)
                for bucket, indices in positions.items():
                    writers[bucket].write_table(pa.Table.from_batches([batch.take(pa.array(indices))], schema=schema))
                start += batch.num_rows

    def _sorted(self, buckets: list[Path], *, width: int) -> Iterator[RowT]:
        of_bucket: list[array[int]] = [array("q") for _ in buckets]
        for group in self._groups:
            of_bucket[group // width].append(group)
        for bucket, groups in zip(buckets, of_bucket, strict=True):
            rows = list(rows_of(bucket, self._record_type))
            for index in sorted(range(len(rows)), key=groups.__getitem__):
                yield rows[index]
