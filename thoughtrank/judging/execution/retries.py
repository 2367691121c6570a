"""Makes one judge call: attempt after attempt, within rate limits and budget, until one returns a verdict."""

import threading
from collections.abc import Callable
from dataclasses import replace

from thoughtrank.errors import UserError
from thoughtrank.http_api.backoff import backoff_seconds
from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.outage import FailedCall
from thoughtrank.judging.execution.rate_limits import RateLimiter, Stopped
from thoughtrank.judging.execution.reservation_log import ReservationLog
from thoughtrank.judging.protocol import AttemptFailed, Judge, JudgeRequest, ReplyUnusable, Usage, Verdict

_LONGEST_WAIT = 30.0
"""Seconds between two attempts, unless the server asks for more."""

LONGEST_RETRY_AFTER = 120.0
"""Seconds. If a server asks for a longer wait (a daily quota), the call fails."""


class RetryingCaller:
    """Calls the judge with retries, and checks every attempt against the limits first. May be used from many threads.

    Args:
        judge: makes the attempts.
        budget: of the run.
        reservations: log of the money reserved by attempts in flight.
    """

    def __init__(self, judge: Judge, *, budget: Budget, reservations: ReservationLog) -> None:
        self._judge = judge
        self._budget = budget
        self._reservations = reservations
        limits = judge.limits
        self._max_retries = limits.max_retries
        self._limiter = RateLimiter(
            requests_per_minute=limits.requests_per_minute, tokens_per_minute=limits.tokens_per_minute
        )
        self._needs_bound = budget.limit is not None or limits.tokens_per_minute is not None
        self._lock = threading.Lock()
        self._replies = 0

    def call(
        self, key: str, request: JudgeRequest, *, stop: threading.Event, keep: Callable[[Verdict], None]
    ) -> Verdict | FailedCall:
        """The verdict, or the call as failed after its last attempt.

        Args:
            key: of the call.
            request: for the judge.
            stop: set when no further attempt may start.
            keep: writes the verdict to disk; called before its reservation is released.

        Raises:
            Stopped: ``stop`` was set before there was a verdict.
            BudgetReached: another attempt might exceed the budget.
            UserError: no call can succeed.
        """
        failures = 0
        replies_at_half = None
        while True:
            # Each time: replies to other calls may have raised it.
            bound = self._judge.upper_bound(request) if self._needs_bound else Usage()
            outcome = self._attempt(key, request, bound, stop=stop, keep=keep)
            if isinstance(outcome, Verdict):
                with self._lock:
                    self._replies += 1
                return outcome
            failures += 1
            asked = outcome.retry_after
            if failures > self._max_retries or (asked or 0.0) > LONGEST_RETRY_AFTER:
                server_was_up = replies_at_half is not None and self._replies > replies_at_half
                return FailedCall(key, request, outcome, server_was_up=server_was_up)
            if 2 * failures >= self._max_retries + 1 and replies_at_half is None:
                replies_at_half = self._replies
            if asked is not None:
                self._limiter.pause(asked)  # the other threads too
            if stop.wait(backoff_seconds(failures, longest=_LONGEST_WAIT, retry_after=asked)):
                raise Stopped

    def _attempt(
        self,
        key: str,
        request: JudgeRequest,
        bound: Usage,
        *,
        stop: threading.Event,
        keep: Callable[[Verdict], None],
    ) -> Verdict | AttemptFailed:
        tokens = bound.prompt_tokens + bound.completion_tokens
        self._budget.reserve(bound.cost, stop)
        spent = 0.0
        try:
            booked = self._limiter.wait(tokens, stop)
            self._reservations.begin(key, bound.cost)
            # From here on the attempt counts as paid, unless it surely was not: whatever fails may have been charged for.
            spent = bound.cost
            used = tokens
            try:
                verdict = self._judge.judge(request)
            except AttemptFailed as failure:
                if not failure.maybe_charged:
                    spent, used = self._release(key, bound), 0
                return failure
            except ReplyUnusable:
                raise
            except UserError:
                spent, used = self._release(key, bound), 0
                raise
            else:
                if not verdict.usage.is_possible:
                    verdict = replace(verdict, usage=self._judge.upper_bound(request))
                used = verdict.usage.prompt_tokens + verdict.usage.completion_tokens
                spent = verdict.usage.cost
                self._reservations.raise_bounds(self._judge.raised_bounds())
                keep(verdict)
                self._reservations.end(key, bound.cost)
                return verdict
            finally:
                self._limiter.settle(bound=tokens, booked=booked, used=used)
        finally:
            self._budget.settle(bound.cost, spent)

    def _release(self, key: str, bound: Usage) -> float:
        """End the reservation of an attempt that cost nothing; returns that cost."""
        self._reservations.end(key, bound.cost)
        return 0.0
