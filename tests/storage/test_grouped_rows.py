from dataclasses import dataclass

import pytest

from thoughtrank.storage import grouped_rows
from thoughtrank.storage.grouped_rows import GroupedRows
from thoughtrank.storage.tables import rows_of


@dataclass(frozen=True)
class Line:
    group: int
    text: str


def numbered(groups):
    return [(group, Line(group, f"{index}")) for index, group in enumerate(groups)]


@pytest.mark.parametrize(
    "groups", [[], [0, 0, 1, 2, 2], [2, 0, 1, 0, 2, 1, 1], [*range(50)] * 3, [7, 3, *range(40, 0, -1)]]
)
def test_rows_are_written_group_after_group_in_the_order_in_which_they_came(tmp_path, monkeypatch, groups):
    monkeypatch.setattr(grouped_rows, "_ROWS_PER_BUCKET", 4)
    path = tmp_path / "rows.parquet"
    rows = numbered(groups)
    assert GroupedRows(path, record_type=Line).write(iter(rows)) == len(rows)
    assert list(rows_of(path, Line)) == [row for _, row in sorted(rows, key=lambda each: each[0])]
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_cannot_be_read_to_the_end_leave_the_file_as_it_was(tmp_path):
    path = tmp_path / "rows.parquet"
    GroupedRows(path, record_type=Line).write(numbered([0, 1]))

    def broken():
        yield from numbered([5, 4])
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        GroupedRows(path, record_type=Line).write(broken())
    assert len(list(rows_of(path, Line))) == 2
    assert list(tmp_path.iterdir()) == [path]
