"""The log keeps complete lines and hands out each completion once."""

import errno
import json
import os

import pytest
from completions_server import Fault
from served_generation import engine, prefixed, write

from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG, CompletionLog
from thoughtrank.engines.serving.completion_request import CompletionRequest
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


REQUEST = CompletionRequest({"prompt": "p", "max_tokens": 3})
SECOND = CompletionRequest({"prompt": "second"})
DONE = Completion(text="x\n", finish="stop", token_ids=(1, 2), reported_tokens=2, stopped_at="</thought>")


def test_a_completion_of_an_earlier_attempt_is_handed_out_once(tmp_path):
    log = CompletionLog(tmp_path / "log")
    log.append(REQUEST, DONE)
    # Of this attempt: it was used already.
    assert log.take(REQUEST) is None
    log.close()
    log = CompletionLog(tmp_path / "log")
    assert log.take(CompletionRequest({"prompt": "other"})) is None
    # The order of the fields means nothing.
    assert log.take(CompletionRequest({"max_tokens": 3, "prompt": "p"})) == DONE
    assert log.take(REQUEST) is None
    log.delete()
    assert not (tmp_path / "log").exists()


def test_a_torn_last_line_is_cut_off_and_the_next_one_is_complete(tmp_path):
    path = tmp_path / "log"
    log = CompletionLog(path)
    log.append(REQUEST, DONE)
    log.close()
    with path.open("ab") as file:
        file.write(b'{"key": "half')
    log = CompletionLog(path)
    log.append(SECOND, DONE)
    log.close()
    log = CompletionLog(path)
    assert log.take(REQUEST) == log.take(SECOND) == DONE
    assert len(path.read_text().splitlines()) == 2


def test_a_line_that_cannot_be_written_is_an_error_and_leaves_no_trace(tmp_path, monkeypatch):
    path = tmp_path / "log"
    log = CompletionLog(path)
    log.append(REQUEST, DONE)
    size, pwrite = path.stat().st_size, os.pwrite

    def full(file, data, offset):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(file, data[:-10], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(UserError, match=r"No space left on device.*free some space"):
        log.append(SECOND, DONE)
    assert path.stat().st_size == size
