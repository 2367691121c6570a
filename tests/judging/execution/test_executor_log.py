"""The verdict log as an executor leaves it and finds it: cut anywhere, damaged, or on a full disk."""

from collections import Counter

import pytest
from counting_judges import CountingJudge, requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.storage import line_log

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def full_log(tmp_path_factory):
    path = tmp_path_factory.mktemp("full") / "log"
    with Executor(CountingJudge(malformed=["q1"]), path) as executor:
        verdicts = executor.ask(requests(4))
    return path.read_bytes(), verdicts


@QUICK
@given(data=st.data())
def test_any_prefix_of_the_log_resumes(full_log, tmp_path, data):
    content, expected = full_log
    path = tmp_path / "log"
    ends = [index for index, byte in enumerate(content) if byte == ord("\n")]
    near = st.sampled_from(ends).flatmap(lambda end: st.integers(max(0, end - 1), min(len(content), end + 2)))
    length = data.draw(st.integers(0, len(content)) | near)
    path.write_bytes(content[:length])
    judge = CountingJudge(malformed=["q1"])
    with Executor(judge, path) as executor:
        assert executor.ask(requests(4)) == expected
    complete = sum(end <= length for end in ends)  # a line that lacks only its newline is complete
    assert judge.seen == Counter(f"q{index}" for index in range(complete, 4))
    assert path.read_bytes() == content


def test_a_line_that_is_no_verdict_is_not_guessed_at(full_log, tmp_path):
    content, _ = full_log
    lines = content.split(b"\n")
    path = tmp_path / "log"
    for spoilt in (b"", b"{}", b"[1]", b"\xff", lines[1][:-5]):
        path.write_bytes(b"\n".join([lines[0], spoilt, lines[2], b""]))
        with pytest.raises(UserError, match="line 2"):
            Executor(FakeJudge(), path)


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path, monkeypatch):
    path = tmp_path / "log"
    real = line_log.os.pwrite
    calls = []

    def nearly_full(file, data, offset):
        calls.append(len(data))
        if len(calls) == 2:
            return real(file, data[:10], offset)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(file, data, offset)

    monkeypatch.setattr(line_log.os, "pwrite", nearly_full)
    with Executor(CountingJudge(), path) as executor:
        with pytest.raises(UserError, match="No space left"):
            executor.ask(requests(2))
        assert path.read_bytes().count(b"\n") == 1
        assert path.read_bytes().endswith(b"\n")
        assert len(executor.ask(requests(2))) == 2
