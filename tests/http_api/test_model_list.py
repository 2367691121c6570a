import pytest

from thoughtrank.http_api.model_list import ServedModel, read_models


def test_entries_have_a_name_and_perhaps_where_they_were_loaded_from():
    body = b'{"data": [{"id": "a", "root": "/folder"}, {"id": "b", "root": 3}, {"root": "/nameless"}]}'
    assert read_models(body) == [ServedModel("a", "/folder"), ServedModel("b", None)]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 3}', b'{"data": ["a"]}', b"{}"])
def test_another_body_is_no_model_list(body):
    with pytest.raises(ValueError):  # noqa: PT011  (of the parser, or of what it found)
        read_models(body)
