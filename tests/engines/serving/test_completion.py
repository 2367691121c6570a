"""A body is one usable completion, or an error that names what is missing."""

import json

import pytest

from thoughtrank.engines.serving.completion import Completion, read_completion


def body(usage=None, **choice):
    return json.dumps({"choices": [{"text": "x", "finish_reason": "stop"} | choice], "usage": usage}).encode()


def test_text_finish_and_tokens_are_read():
    read = read_completion(body(token_ids=[1, 2], finish_reason="length", usage={"completion_tokens": 3}))
    assert read == Completion(text="x", finish="length", token_ids=(1, 2), reported_tokens=3)


@pytest.mark.parametrize("ids", [None, "12", [1, -2], [1.0], [True]])
def test_ids_that_are_no_ids_count_as_missing(ids):
    assert read_completion(body(token_ids=ids)).token_ids is None


@pytest.mark.parametrize(
    ("fields", "stopped_at"),
    [
        ({"stop_reason": "</thought>"}, "</thought>"),
        ({"matched_stop": "</thought>"}, "</thought>"),
        *(({"stop_reason": reason}, None) for reason in (None, 2, ["</thought>"])),
        ({}, None),
    ],
)
def test_the_stop_string_is_read_from_servers_that_name_it(fields, stopped_at):
    assert read_completion(body(**fields)).stopped_at == stopped_at


@pytest.mark.parametrize("usage", [None, [], {}, {"completion_tokens": "3"}, {"completion_tokens": True}])
def test_a_count_that_is_no_integer_counts_as_missing(usage):
    assert read_completion(body(usage=usage)).reported_tokens is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        body(text=None),
        body(finish_reason="content_filter"),
        b'{"choices": [{"text": "a"}, {"text": "b"}]}',
    ],
)
def test_anything_else_is_an_error(content):
    with pytest.raises(ValueError, match=r"."):
        read_completion(content)


def test_half_a_surrogate_pair_becomes_a_replacement_character():
    assert read_completion(body(text="a\ud83d")).text == "a\ufffd"
