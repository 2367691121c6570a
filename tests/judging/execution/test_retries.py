import math
import threading
from collections import deque
from dataclasses import replace

import pytest

from thoughtrank.errors import UserError
from thoughtrank.judging.base import BaseJudge
from thoughtrank.judging.execution import retries
from thoughtrank.judging.execution.budget import Budget, BudgetReached
from thoughtrank.judging.execution.outage import FailedCall
from thoughtrank.judging.execution.rate_limits import Stopped
from thoughtrank.judging.execution.reservation_log import ReservationLog
from thoughtrank.judging.execution.retries import RetryingCaller
from thoughtrank.judging.protocol import (
    AnswerView,
    AttemptFailed,
    CallLimits,
    JudgeRequest,
    ReplyUnusable,
    Usage,
    Verdict,
)

REQUEST = JudgeRequest("q", "?", (AnswerView("a", "x"), AnswerView("b", "y")), None, seed=1)
OK = Verdict("ok", groups=(("a",), ("b",)), usage=Usage(3, 4, 0.25))


def failure(*, maybe_charged=False, **settings):
    return AttemptFailed(judge="the judge", what="HTTP 429", maybe_charged=maybe_charged, **settings)


class Scripted(BaseJudge):
    """Each attempt does what the script says, after what the script calls; it may cost up to $1."""

    exact = False

    def __init__(self, *script, max_retries=2, tokens_per_minute=None):
        self.script = deque(script)
        self.limits = CallLimits(max_retries=max_retries, tokens_per_minute=tokens_per_minute)

    def upper_bound(self, request):
        return Usage(10, 10, 1.0)

    def judge(self, request):
        outcome = self.script.popleft()
        while callable(outcome):
            outcome()
            outcome = self.script.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Calls:
    """One caller with its budget and log, and the verdicts that it kept."""

    def __init__(self, judge, folder, *, limit=10.0):
        self.budget = Budget(limit)
        self.reservations = ReservationLog(folder / "_reservations.jsonl")
        self.caller = RetryingCaller(judge, budget=self.budget, reservations=self.reservations)
        self.kept = []
        self.stop = threading.Event()

    def call(self):
        return self.caller.call("key", REQUEST, stop=self.stop, keep=self.kept.append)


class RecordedWaits(threading.Event):
    """A stop that is never set, and does not wait."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def wait(self, timeout=None):
        self.seconds.append(timeout)
        return False


def test_a_call_succeeds_after_failed_attempts_and_costs_what_it_used(tmp_path):
    calls = Calls(Scripted(failure(), failure(), OK), tmp_path)
    assert calls.call() == OK
    assert calls.kept == [OK]
    assert (calls.budget.spent, calls.reservations.open_amount) == (0.25, 0.0)


def test_another_attempt_reserves_what_replies_since_have_shown_that_it_can_cost(tmp_path):
    class Raised(Scripted):
        def upper_bound(self, request):
            return Usage(10, 10, 1.0 if len(self.script) == 2 else 4.0)

    calls = Calls(Raised(failure(), OK), tmp_path, limit=3.0)
    with pytest.raises(BudgetReached):
        calls.call()
    assert (calls.budget.spent, calls.reservations.open_amount, calls.kept) == (0.0, 0.0, [])


def test_after_its_last_retry_a_call_fails(tmp_path):
    judge = Scripted(failure(), failure(), failure(), OK)
    outcome = Calls(judge, tmp_path).call()
    assert isinstance(outcome, FailedCall)
    assert (outcome.key, outcome.request, outcome.failure.what) == ("key", REQUEST, "HTTP 429")
    assert len(judge.script) == 1


@pytest.mark.parametrize(("replies_after", "server_was_up"), [(1, False), (2, True), (None, False)])
def test_a_failed_call_knows_whether_another_one_had_a_reply_after_half_of_its_attempts(
    tmp_path, replies_after, server_was_up
):
    judge = Scripted(max_retries=2)
    calls = Calls(judge, tmp_path)
    for attempt in range(3):
        # During this attempt, so after as many failures.
        judge.script.extend([calls.call, OK] if attempt == replies_after else [])
        judge.script.append(failure())
    outcome = calls.call()
    assert isinstance(outcome, FailedCall)
    assert outcome.server_was_up is server_was_up


def test_a_lost_reply_stays_reserved(tmp_path):
    calls = Calls(Scripted(failure(maybe_charged=True), OK), tmp_path)
    assert calls.call() == OK
    assert calls.budget.spent == 1.25
    assert calls.reservations.open_amount == 1.0


def test_a_long_retry_after_is_not_waited_for(tmp_path):
    judge = Scripted(failure(retry_after=retries.LONGEST_RETRY_AFTER + 1), OK)
    assert isinstance(Calls(judge, tmp_path).call(), FailedCall)
    assert list(judge.script) == [OK]


def test_a_short_retry_after_pauses_the_next_attempt(tmp_path):
    assert Calls(Scripted(failure(retry_after=0.01), OK), tmp_path).call() == OK


@pytest.mark.parametrize("asked", [None, 0.0, 0.05])
def test_each_wait_is_twice_as_long_and_never_shorter_than_the_server_asks_for(tmp_path, asked):
    calls = Calls(Scripted(*[failure(retry_after=asked) for _ in range(9)], OK, max_retries=9), tmp_path)
    calls.stop = RecordedWaits()
    assert calls.call() == OK
    least = [max(0.0005 * 2**number, asked or 0.0) for number in range(9)]
    most = [max(0.001 * 2**number, asked or 0.0) for number in range(9)]
    assert len(calls.stop.seconds) == 9
    assert all(low <= wait <= high for low, wait, high in zip(least, calls.stop.seconds, most, strict=True))


def test_an_unexpected_error_counts_as_spent_and_a_users_error_does_not(tmp_path):
    calls = Calls(Scripted(RuntimeError("bug"), UserError("no key")), tmp_path)
    with pytest.raises(RuntimeError):
        calls.call()
    assert (calls.budget.spent, calls.reservations.open_amount) == (1.0, 1.0)
    with pytest.raises(UserError):
        calls.call()
    assert (calls.budget.spent, calls.reservations.open_amount) == (1.0, 1.0)


def test_an_attempt_counts_as_spent_unless_its_failure_says_that_it_surely_was_not(tmp_path):
    calls = Calls(
        Scripted(AttemptFailed(judge="the judge", what="anything"), ReplyUnusable("no chat server")), tmp_path
    )
    with pytest.raises(ReplyUnusable):
        calls.call()
    assert (calls.budget.spent, calls.reservations.open_amount) == (2.0, 2.0)


@pytest.mark.parametrize(
    "usage", [Usage(-1, 4, 0.1), Usage(3, 4.0, 0.1), Usage(3, True, 0.1), Usage(3, 4, -0.1), Usage(3, 4, math.nan)]
)
def test_an_impossible_usage_of_any_judge_is_settled_at_the_upper_bound(tmp_path, usage):
    calls = Calls(Scripted(replace(OK, usage=usage)), tmp_path)
    assert calls.call().usage == Usage(10, 10, 1.0)
    assert calls.kept[0].usage == Usage(10, 10, 1.0)
    assert (calls.budget.spent, calls.reservations.open_amount) == (1.0, 0.0)


def test_the_budget_is_checked_before_an_attempt(tmp_path):
    judge = Scripted(OK)
    with pytest.raises(BudgetReached):
        Calls(judge, tmp_path, limit=0.5).call()
    assert len(judge.script) == 1


def test_without_a_cap_no_bound_is_needed(tmp_path):
    judge = Scripted(OK)
    judge.upper_bound = None
    calls = Calls(judge, tmp_path, limit=None)
    assert calls.call() == OK
    assert not calls.reservations.path.exists()


def test_a_stop_ends_the_wait_between_attempts(tmp_path):
    judge = Scripted(failure(), OK)
    calls = Calls(judge, tmp_path)
    calls.stop.set()
    with pytest.raises(Stopped):
        calls.call()
