"""A session saves every completion, and a resumed one generates only what is missing."""

import threading
from contextlib import closing

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


def test_groups_come_in_order_and_the_next_one_begins_before_the_last_branch_of_one(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcd")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received = []
    begun = []

    def groups():
        for request in requests:
            begun.append(len(server.completed))
            yield [request]

    server.completed = []
    with engine(server).open(tiny_folder) as session:
        written = list(session.generate_groups(groups(), limits=LIMITS))
    assert written == [(place, [each]) for place, each in enumerate(expected)]
    # A group has 4 branches with 2 completions each; as many branches again as may run at once are at hand.
    assert begun[1] < 8


def test_after_a_failure_finished_groups_are_handed_out_and_nothing_is_paid_for_twice(server, tiny_folder, tmp_path):
    requests = prefixed(tiny_folder, "abcd")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    server.script.extend([None] * 13 + [Fault(status=400)] * 1000)
    groups = [[request] for request in requests]
    finished = []

    def generate():
        with engine(server).open(tiny_folder, work_folder=tmp_path) as session:
            for group in session.generate_groups(groups, limits=LIMITS):
                finished.extend(group.results)

    with pytest.raises(UserError, match="refuses a request"):
        generate()
    assert finished in ([], expected[:1])
    server.script.clear()
    with engine(server).open(tiny_folder, work_folder=tmp_path) as session:
        again = [each for group in session.generate_groups(groups, limits=LIMITS) for each in group.results]
    assert again == expected
    assert server.asked_again_after_success() == []


def test_a_caller_that_breaks_off_leaves_no_thread_and_keeps_what_came(server, tiny_folder, tmp_path):
    groups = [[request] for request in prefixed(tiny_folder, "abcd")]

    def generate():
        with (
            engine(server).open(tiny_folder, work_folder=tmp_path) as session,
            closing(session.generate_groups(groups, limits=LIMITS)) as results,
        ):
            next(results)
            raise KeyError("disk")

    with pytest.raises(KeyError):
        generate()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("branch-")]
    write(engine(server), tiny_folder, [request for [request] in groups], work=tmp_path)
    assert server.asked_again_after_success() == []


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
