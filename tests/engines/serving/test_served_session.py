"""A session saves every completion, and a resumed one generates only what is missing."""

import pytest
from completions_server import Fault
from served_generation import engine, prefixed, write

from thoughtrank.engines.protocol import Branch, GenerationRequest
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import OPEN_TAG


def test_after_a_failure_only_missing_completions_are_requested(server, tiny_folder, tmp_path):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    server.script.extend([None] * 9 + [Fault(status=500)] * 1000)
    with pytest.raises(UserError, match=r"not available: HTTP 500.*run the same command again to resume"):
        write(engine(server, max_retries=2), tiny_folder, requests, work=tmp_path)
    assert len(server.completed) == 9
    # A process that was killed while it wrote leaves a torn line.
    with (tmp_path / COMPLETION_LOG).open("ab") as log:
        log.write(b'{"key": "half')
    server.script.clear()
    written, _ = write(engine(server), tiny_folder, requests, work=tmp_path)
    assert written == expected
    assert server.asked_again_after_success() == []
    assert len(server.completed) == 24
    assert not (tmp_path / COMPLETION_LOG).exists()


def test_a_chosen_first_token_is_an_error(server, tiny_folder):
    branch = Branch(opener=OPEN_TAG, in_thought=True, first_choice=1)
    with pytest.raises(UserError, match="cannot start a thought with a chosen first token"):
        write(engine(server), tiny_folder, [GenerationRequest(prompt="q", branches=(branch,))])
    assert server.received == []
