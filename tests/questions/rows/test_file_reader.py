import gzip
import json

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from thoughtrank.errors import UserError
from thoughtrank.questions.rows.file_reader import Row, open_file, read_rows


def test_json_lines_keep_their_line_numbers_and_every_column(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"q": 1, "other": [2]}\n\n{"q": 3}')
    assert list(read_rows(path, columns=("q",))) == [Row(1, {"q": 1, "other": [2]}), Row(3, {"q": 3})]


def test_an_unreadable_line_has_a_fault_and_the_others_are_read(tmp_path):
    path = tmp_path / "rows.ndjson"
    path.write_bytes(b'{"q": 1}\n[1]\n\xff\n{"q"\n{"q": 2}\n')
    rows = list(read_rows(path, columns=("q",)))
    assert [row.values for row in rows] == [{"q": 1}, {}, {}, {}, {"q": 2}]
    assert [row.fault and row.fault.split(":")[0] for row in rows] == [
        None,
        "not a JSON object",
        "not UTF-8 text",
        "not valid JSON",
        None,
    ]


def test_of_a_parquet_file_only_the_wanted_columns_are_read(tmp_path):
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"q": ["a", "b"], "x": [1, 2], "y": [3, 4]}), path)
    assert list(read_rows(path, columns=("q", "y", "missing"))) == [
        Row(1, {"q": "a", "y": 3}),
        Row(2, {"q": "b", "y": 4}),
    ]
    with pytest.raises(UserError, match="has no column 'z': it has q, x, y"):
        list(read_rows(path, columns=("z", "q")))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", b"", "unknown suffix"),
        ("a.json", json.dumps([{"q": 1}]).encode(), "one JSON object per line"),
        ("a.jsonl", "{}".encode("utf-16"), "UTF-16"),
        ("a.jsonl.gz", gzip.compress(b"{}", mtime=0), "unpack it first, for example with gunzip"),
        ("a.jsonl", gzip.compress(b"{}", mtime=0), "is no text; it is compressed: unpack it first"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
    ],
)
def test_a_file_in_another_format_is_an_error_with_the_reason(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=reason):
        list(read_rows(tmp_path / name, columns=("q",)))


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(
        UserError,
        match=r"does not exist: give a file with JSON lines \(.*ndjson\) or Parquet \(.parquet\)\Z",
    ):
        list(read_rows(tmp_path / "none.jsonl", columns=("q",)))
    with pytest.raises(UserError, match="is a folder"):
        open_file(tmp_path)
    with pytest.raises(UserError, match="is a folder: give one of its files"):
        read_rows(tmp_path, columns=("q",))
