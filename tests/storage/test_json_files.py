import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.storage.json_files import read_json, write_json

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


@settings(max_examples=30)
@given(JSON)
def test_a_json_file_holds_what_was_written(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_older_file_whole(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"round": 1})
    with pytest.raises(TypeError):
        write_json(path, {"round": 2, "folder": object()})
    assert read_json(path) == {"round": 1}


def test_a_reader_never_meets_half_of_a_file(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, [0])
    with path.open() as opened:
        write_json(path, [1] * 100_000)
        assert opened.read() == "[\n  0\n]\n"
