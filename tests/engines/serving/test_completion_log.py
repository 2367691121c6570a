"""The log keeps complete lines and hands out each completion once."""

import json

import pytest
from completions_server import Fault
from served_generation import engine, prefixed, write

from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.errors import UserError


def test_a_log_of_something_else_is_an_error_and_is_kept(server, tiny_folder, tmp_path):
    (tmp_path / COMPLETION_LOG).write_text('{"key": "k"}\n')
    with pytest.raises(UserError, match="line 1 is no completion"):
        write(engine(server), tiny_folder, [], work=tmp_path)
    assert (tmp_path / COMPLETION_LOG).read_text() == '{"key": "k"}\n'


def test_any_text_survives_the_log(server, tiny_folder, tmp_path):
    odd = 'quote " \u2028 \ud83d \x00'
    server.rewrite = lambda request, reply: json.dumps(
        {"choices": [{"text": odd, "finish_reason": "length"}], "usage": {"completion_tokens": 10}}
    )
    requests = prefixed(tiny_folder, "a")
    server.script.extend([None] * 3 + [Fault(status=500)] * 9)
    with pytest.raises(UserError):
        write(engine(server, max_retries=0), tiny_folder, requests, work=tmp_path)
    kept = len(server.completed)
    server.script.clear()
    write(engine(server), tiny_folder, requests, work=tmp_path)
    assert kept >= 1
    assert server.asked_again_after_success() == []
