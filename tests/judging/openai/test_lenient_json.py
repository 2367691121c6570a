import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.judging.openai.lenient_json import json_object


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ("{'a': ['b']}", {"a": ["b"]}),
        ("{“a”: ‘b’}", {"a": "b"}),
        ('{"a": "it\'s, ]"}', {"a": "it's, ]"}),
        ('{"a": "\\\\( \\( \\u12 \\u0041 \\n"}', {"a": "\\( \\( \\u12 A \n"}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('"{\\"a\\": 1}"', {"a": 1}),
    ],
)
def test_an_object_is_read_as_models_write_it(text, parsed):
    assert json_object(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "7", '{"a": 1', '{"a": 1}}', '{"a": 1} {"a": 2}', '{"a": 1, "a": 1}', '{"a": [1,,]}', "[" * 100_000],
)
def test_what_is_cut_repeated_or_no_object_is_none(text):
    assert json_object(text) is None


@given(st.dictionaries(st.text(), st.lists(st.text() | st.integers())))
def test_json_is_read_as_it_is(value):
    assert json_object(json.dumps(value)) == value
    assert json_object(json.dumps(value, ensure_ascii=False, indent=1)) == value
