from dataclasses import fields
from typing import get_args, get_type_hints

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.records import Candidate, Example, Question, RankedCandidate
from thoughtrank.storage.tables import read_table, schema_of, write_part

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

RECORD_TYPES = [Question, Candidate, RankedCandidate, Example, HeldOutReply]
EVERY_TYPE = pytest.mark.parametrize("record_type", RECORD_TYPES, ids=lambda each: each.__name__)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def example(number, **values):
    filled = {"question_id": f"q{number}", "candidate_id": f"q{number}-000", "prompt": "Why?", "completion": "So."}
    return Example(**{**filled, **values})


def records(record_type):
    hints = get_type_hints(record_type)
    values = {name: st.from_type(hint) for name, hint in hints.items()}
    values |= {name: INTEGERS for name, hint in hints.items() if hint is int}
    values |= {name: INTEGERS | st.none() for name, hint in hints.items() if int in get_args(hint)}
    # NaN equals nothing, not even itself.
    values |= {name: st.floats(allow_nan=False) | st.none() for name, hint in hints.items() if float in get_args(hint)}
    values |= {name: st.lists(INTEGERS).map(tuple) for name, hint in hints.items() if hint == tuple[int, ...]}
    return st.builds(record_type, **values)


def optional(record_type):
    return {name for name, hint in get_type_hints(record_type).items() if type(None) in get_args(hint)}


@EVERY_TYPE
@settings(PATIENT, max_examples=40)
@given(data=st.data())
def test_what_is_written_is_read_back(record_type, tmp_path_factory, data):
    rows = data.draw(st.lists(records(record_type), max_size=5))
    folder = tmp_path_factory.mktemp("table")
    write_part(folder / "part-00000.parquet", rows, record_type=record_type)
    assert read_table(folder, record_type) == rows


@EVERY_TYPE
def test_an_empty_table_keeps_its_columns(record_type, tmp_path):
    write_part(tmp_path / "part-00000.parquet", [], record_type=record_type)
    table = pa.parquet.read_table(tmp_path)
    assert table.column_names == [field.name for field in fields(record_type)]
    assert table.num_rows == 0
    assert table.schema.types == schema_of(record_type).types
    assert read_table(tmp_path, record_type) == []


def test_a_folder_without_files_is_a_table_without_rows(tmp_path):
    assert read_table(tmp_path, Candidate) == []


@pytest.mark.parametrize(
    ("record_type", "columns"),
    [
        (
            Candidate,
            "question_id candidate_id prefix thought answer thought_tokens answer_tokens thought_finish answer_finish "
            "thought_ids answer_ids",
        ),
        (RankedCandidate, "question_id candidate_id prefix rank reason score score_sd p_top flag"),
        (Example, "question_id candidate_id prompt completion"),
    ],
)
def test_the_public_columns_have_these_names_in_this_order(record_type, columns, tmp_path):
    write_part(tmp_path / "part-00000.parquet", [], record_type=record_type)
    assert pa.parquet.read_table(tmp_path).column_names == columns.split()


@EVERY_TYPE
def test_only_optional_columns_may_hold_nothing(record_type, tmp_path):
    write_part(tmp_path / "part-00000.parquet", [], record_type=record_type)
    schema = pa.parquet.read_schema(tmp_path / "part-00000.parquet")
    assert {field.name for field in schema if field.nullable} == optional(record_type)


def test_a_missing_value_is_refused_and_the_older_file_stays(tmp_path):
    path = tmp_path / "part-00000.parquet"
    write_part(path, [example(1)], record_type=Example)
    with pytest.raises((pa.ArrowException, ValueError, TypeError)):
        write_part(path, [example(2, prompt=None)], record_type=Example)
    assert read_table(tmp_path, Example) == [example(1)]


def test_writing_a_part_again_replaces_it_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "part-00000.parquet"
    for number in (1, 2):
        write_part(path, [example(number)], record_type=Example)
    assert read_table(tmp_path, Example) == [example(2)]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_rows_come_in_the_order_of_the_file_names(tmp_path):
    for number in (10, 2, 0):
        rows = [example(number), example(number + 100)]
        write_part(tmp_path / f"part-{number:05d}.parquet", rows, record_type=Example)
    expected = [example(number) for number in (0, 100, 2, 102, 10, 110)]
    assert read_table(tmp_path, Example) == expected
    assert [Example(**row) for row in pa.parquet.read_table(tmp_path).to_pylist()] == expected


def test_files_that_begin_with_an_underscore_are_no_part_of_the_table_for_any_reader(tmp_path):
    write_part(tmp_path / "part-00000.parquet", [example(1)], record_type=Example)
    write_part(tmp_path / "_aside.parquet", [example(2)], record_type=Example)
    (tmp_path / "_part-00001.parquet.partial").write_bytes(b"half of a file")
    for name in ("_done.json", "_seconds.json", "_lock", "_verdicts.jsonl"):
        (tmp_path / name).write_text("{}")
    assert read_table(tmp_path, Example) == [example(1)]
    assert pa.parquet.read_table(tmp_path).num_rows == 1
    assert pa.dataset.dataset(tmp_path, format="parquet").to_table().num_rows == 1
