"""Calls that always fail, and judges that are down: the first never keep a run from its end, the second lose no verdict."""

import threading

import pytest
from counting_judges import FailingJudge, requests

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.protocol import CallLimits, JudgeUnavailable


def asked(judge, tmp_path, count):
    """The statuses of so many calls, or the error in place of them."""
    with Executor(judge, tmp_path / "log") as executor:
        try:
            return [verdict.status for verdict in executor.ask(requests(count))]
        except JudgeUnavailable as error:
            return str(error)


def test_a_call_that_fails_alone_is_given_up_in_the_second_attempt_at_the_run(tmp_path):
    judge = FailingJudge(failures={"q2": 99}, charged=True)
    assert "did not reply to the last call" in asked(judge, tmp_path, 3)
    assert asked(judge, tmp_path, 3) == ["ok", "ok", "error"]
    attempts = judge.seen["attempts"]
    assert attempts == 2 + 3 + 3
    assert asked(judge, tmp_path, 3) == ["ok", "ok", "error"]
    assert judge.seen["attempts"] == attempts


@pytest.mark.parametrize("concurrency", [1, 8])
def test_however_many_calls_always_fail_a_run_comes_to_its_end(tmp_path, concurrency):
    judge = FailingJudge(failures={f"q{index}": 99 for index in range(2, 9)}, charged=True, concurrency=concurrency)
    attempts = 0
    while isinstance(asked(judge, tmp_path, 9), str):
        attempts += 1
        assert attempts < 5
    assert asked(judge, tmp_path, 9) == ["ok", "ok", *["error"] * 7]


def test_in_an_outage_nothing_is_given_up_while_there_are_calls_that_have_not_failed_before(tmp_path):
    judge = FailingJudge(failures={f"q{index}": 99 for index in range(20)}, charged=True)
    for _ in range(5):
        assert "the judge at home is not available" in asked(judge, tmp_path, 20)
    assert (tmp_path / "log").read_bytes() == b""
    judge.failures.clear()
    assert asked(judge, tmp_path, 20) == ["ok"] * 20


def test_a_call_that_failed_in_an_outage_is_sent_after_the_others(tmp_path):
    judge = FailingJudge(failures={"q0": 99, "q1": 99, "q2": 99}, charged=True)
    assert "is not available" in asked(judge, tmp_path, 5)
    judge.failures.clear()
    sent = []
    real = judge.judge
    judge.judge = lambda request: sent.append(request.question_id) or real(request)
    assert asked(judge, tmp_path, 5) == ["ok"] * 5
    assert sent == ["q3", "q4", "q0", "q1", "q2"]


def test_a_server_that_turns_requests_away_makes_no_call_an_error(tmp_path):
    judge = FailingJudge(failures={"q2": 99}, charged=False)
    for _ in range(4):
        assert "the judge at home is not available" in asked(judge, tmp_path, 3)
    judge.failures.clear()
    assert asked(judge, tmp_path, 3) == ["ok"] * 3


class LastToFail(FailingJudge):
    """Fails at q0 only, whose attempt number ``waits_in`` takes until q1 has its verdict; q1 has none before that attempt."""

    def __init__(self, *, waits_in):
        super().__init__(failures={"q0": 99}, charged=True, concurrency=2, limits=CallLimits(max_retries=2))
        self.waits_in = waits_in
        self.reached, self.replied = threading.Event(), threading.Event()
        self.attempts = 0

    def judge(self, request):
        if request.question_id == "q1":
            assert self.reached.wait(60)
            return super().judge(request)
        self.attempts += 1
        if self.attempts == self.waits_in:
            self.reached.set()
            assert self.replied.wait(60)
        return super().judge(request)


def test_a_call_that_keeps_failing_while_another_one_has_a_reply_is_an_error_although_no_reply_follows(tmp_path):
    judge = LastToFail(waits_in=3)
    with Executor(judge, tmp_path / "log") as executor:
        verdicts = executor.ask(requests(2), on_verdict=lambda request, verdict: judge.replied.set())
        assert [verdict.status for verdict in verdicts] == ["error", "ok"]


def test_a_reply_before_the_calls_second_failure_does_not_show_that_the_server_is_still_up(tmp_path):
    judge = LastToFail(waits_in=2)
    with Executor(judge, tmp_path / "log") as executor, pytest.raises(JudgeUnavailable, match="the last call"):
        executor.ask(requests(2), on_verdict=lambda request, verdict: judge.replied.set())
