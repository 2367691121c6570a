"""Takes one look: attempt after attempt, within rate limits and budget, until one brings a verdict."""

import random
import threading
from collections.abc import Callable

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.rate_limits import RateLimiter, Stopped
from thoughtrank.judging.execution.reservation_log import Reservations
from thoughtrank.judging.protocol import AttemptFailed, CallLimits, Judge, JudgeRequest, RemoteJudge, Usage, Verdict

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
"""Seconds between two attempts: doubled each time, and shortened at random by up to half so that threads spread."""

LONGEST_RETRY_AFTER = 120.0
"""Seconds. A server that asks for more (a quota of the day) is not waited for."""


class Attempts:
    """Counts every attempt against the limits before it is sent. May be used from many threads.

    Args:
        judge: makes the attempts.
        budget: of the run.
        reservations: where money in flight is written down.
    """

    def __init__(self, judge: Judge, *, budget: Budget, reservations: Reservations) -> None:
        self._judge = judge
        self._budget = budget
        self._reservations = reservations
        limits = judge.limits if isinstance(judge, RemoteJudge) else CallLimits()
        self._max_retries = limits.max_retries
        self._limiter = RateLimiter(
            requests_per_minute=limits.requests_per_minute, tokens_per_minute=limits.tokens_per_minute
        )
        self._needs_bound = budget.limit is not None or limits.tokens_per_minute is not None

    def take(
        self, key: str, request: JudgeRequest, *, stop: threading.Event, keep: Callable[[Verdict], None]
    ) -> Verdict | AttemptFailed:
        """The verdict, or the failure of the last attempt.

        Args:
            key: of the look.
            request: what to ask.
            stop: set when no attempt may begin any more.
            keep: puts the verdict on disk; called before its reservation is given up.

        Raises:
            Stopped: ``stop`` was set before there was a verdict.
            BudgetReached: another attempt might cost more than is left.
            UserError: no look can succeed.
        """
        bound = Usage()
        if self._needs_bound and isinstance(self._judge, RemoteJudge):
            bound = self._judge.upper_bound(request)
        wait = _FIRST_WAIT
        attempt = 0
        while True:
            outcome = self._attempt(key, request, bound, stop=stop, keep=keep)
            attempt += 1
            if isinstance(outcome, Verdict) or attempt > self._max_retries:
                return outcome
            if outcome.retry_after is None:
                if stop.wait(wait * random.uniform(0.5, 1.0)):
                    raise Stopped
                wait = min(2 * wait, _LONGEST_WAIT)
            elif outcome.retry_after > LONGEST_RETRY_AFTER:
                return outcome
            else:
                self._limiter.pause(outcome.retry_after)

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
            # From here on a failure that nobody expected may have been charged for.
            spent = bound.cost
            used = tokens
            try:
                verdict = self._judge.judge(request)
            except AttemptFailed as failure:
                if not failure.maybe_charged:
                    spent, used = self._free(key, bound), 0
                return failure
            except UserError:
                spent, used = self._free(key, bound), 0
                raise
            else:
                used = verdict.usage.prompt_tokens + verdict.usage.completion_tokens
                spent = verdict.usage.cost
                keep(verdict)
                self._reservations.end(key, bound.cost)
                return verdict
            finally:
                self._limiter.settle(bound=tokens, booked=booked, used=used)
        finally:
            self._budget.settle(bound.cost, spent)

    def _free(self, key: str, bound: Usage) -> float:
        self._reservations.end(key, bound.cost)
        return 0.0
