"""A session saves every completion, and a resumed one generates only what is missing."""

import pytest
from completions_server import Fault
from served_generation import LIMITS, engine, prefixed, write

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


def test_every_branch_is_reported_once_with_its_tokens(server, tiny_folder):
    reports = []
    with engine(server).open(tiny_folder) as session:
        written = session.generate(
            prefixed(tiny_folder, "abc"), limits=LIMITS, on_step=lambda *report: reports.append(report)
        )
    assert len(reports) == sum(finished for _, finished in reports) == 6
    tokens = [branch.thought_tokens + len(branch.answer_ids) for request in written for branch in request]
    assert sorted(tokens) == sorted(tokens for tokens, _ in reports)


def test_an_interrupt_in_progress_keeps_the_log_and_stops_the_client(server, tiny_folder, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), engine(server).open(tiny_folder, work_folder=tmp_path) as session:
        session.generate(prefixed(tiny_folder, "abcdef"), limits=LIMITS, on_step=interrupt)
    assert (tmp_path / COMPLETION_LOG).read_text().count("\n") >= 2
    written, _ = write(engine(server), tiny_folder, prefixed(tiny_folder, "abcdef"), work=tmp_path)
    assert server.asked_again_after_success() == []
    assert [len(request) for request in written] == [6, 6]
    assert not (tmp_path / COMPLETION_LOG).exists()
