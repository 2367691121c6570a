"""Makes many judge calls in parallel, each paid for once."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType
from typing import Self

from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.call_key import call_key
from thoughtrank.judging.execution.no_verdicts import NoVerdictDetector
from thoughtrank.judging.execution.outage import FailedCall, OutageDetector
from thoughtrank.judging.execution.rate_limits import Stopped
from thoughtrank.judging.execution.reservation_log import ReservationLog
from thoughtrank.judging.execution.retries import RetryingCaller
from thoughtrank.judging.execution.verdict_log import VerdictLog
from thoughtrank.judging.protocol import Judge, JudgeRequest, Usage, Verdict

OnVerdict = Callable[[JudgeRequest, Verdict], None]
"""Called in the thread that called ``ask``, once per different request, as verdicts arrive."""

VERDICTS = "_verdicts.jsonl"
"""The verdict log in the folder of a stage, and beside it the log of reserved costs."""
RESERVATIONS = "_reservations.jsonl"


class Executor:
    """Calls a judge, ``judge.concurrency`` calls at a time, and keeps every verdict in an append-only log.

    A call whose verdict is in the log is served from it, whatever its status: ``malformed`` is an outcome too. A call that
    exhausts its retries while others succeed is logged as ``error``; when no call succeeds any more, the run stops. A call
    that fails again in a later attempt at the run, where it is sent after all others, is logged as ``error`` too.

    Args:
        judge: the judge.
        log_path: the verdict log, ``_verdicts.jsonl``; created if missing. ``_reservations.jsonl`` is kept beside it.
        budget: of the run; the costs in this log are added to it. None for a budget of its own, from the judge's limits.

    Raises:
        UserError: the log cannot be read.

    Attributes:
        judge: the judge.
    """

    def __init__(self, judge: Judge, log_path: Path, *, budget: Budget | None = None) -> None:
        self.judge = judge
        self._log = VerdictLog(log_path, price=judge.price())
        self._reservations = ReservationLog(log_path.with_name(RESERVATIONS))
        if budget is None:
            budget = Budget(judge.limits.budget)
        budget.add(self._log.usage.cost + self._reservations.open_amount)
        judge.raise_bounds(self._reservations.raised_bounds)
        if self._log.has_ok:
            judge.has_worked()
        self._caller = RetryingCaller(judge, budget=budget, reservations=self._reservations)
        self._judge_key = json.dumps(judge.identity(), sort_keys=True)
        self._outage = OutageDetector()
        self._verdicts = NoVerdictDetector()

    @property
    def new_calls(self) -> int:
        """Calls made by this object, without those served from the log."""
        return self._log.appended

    @property
    def usage(self) -> Usage:
        """What all calls in the log cost together, those of earlier runs included."""
        return self._log.usage

    @property
    def unpriced_usage(self) -> Usage:
        """The part of it whose price is unknown."""
        return self._log.unpriced

    @property
    def lost_cost(self) -> float:
        """US dollars that attempts with a lost reply, or cut short by a kill, may have cost in addition."""
        return self._reservations.open_amount

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        """One verdict per request, in the order of the requests; equal requests are one call.

        When the judge raises, calls in flight are completed and logged, no other is started, and the error is raised.

        Raises:
            BudgetReached: the next call might exceed the budget.
            JudgeUnavailable: the judge cannot be reached, or keeps failing.
            ReplyUnusable: no call has brought a verdict.
        """
        by_key = {self._key(request): request for request in requests}
        missing = {}
        verdicts = {}
        for key, request in by_key.items():
            known = self._log.get(key)
            if known is None:
                missing[key] = request
                continue
            verdicts[key] = known
            self._verdicts.add_known(known)
            if on_verdict is not None:
                on_verdict(request, known)
        if missing:
            self._call_all(missing, on_verdict)
            verdicts.update({key: self._log[key] for key in missing})
        return [verdicts[self._key(request)] for request in requests]

    def known(self, request: JudgeRequest) -> Verdict | None:
        """The verdict in the log, or None; makes no call."""
        return self._log.get(self._key(request))

    def close(self) -> None:
        """Close the files."""
        self._log.close()
        self._reservations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _key(self, request: JudgeRequest) -> str:
        return call_key(request, judge_key=self._judge_key)

    def _call_all(self, requests: Mapping[str, JudgeRequest], on_verdict: OnVerdict | None) -> None:
        """Make all the calls, last those that exhausted their retries in an earlier attempt at the run."""
        before = self._reservations.exhausted
        for chosen in (requests.keys() - before, requests.keys() & before):
            if chosen:
                self._call_each({key: requests[key] for key in requests if key in chosen}, on_verdict)

    def _call_each(self, requests: Mapping[str, JudgeRequest], on_verdict: OnVerdict | None) -> None:
        """Make these calls; each thread starts the next one as soon as it is free."""
        threads = max(1, min(self.judge.concurrency, len(requests)))
        stop = threading.Event()
        self._outage.reset()
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="judge") as pool:
            futures = {pool.submit(self._call, key, request, stop): request for key, request in requests.items()}
            try:
                for future in as_completed(futures):
                    for request, verdict in future.result():
                        if on_verdict is not None:
                            on_verdict(request, verdict)
            finally:
                # Reached early only by an error, from a call or from the caller's interrupt.
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
        # No reply since: the server may be down. These calls stay open, and the next attempt at the run sends them.
        self._outage.raise_if_failed()

    def _call(self, key: str, request: JudgeRequest, stop: threading.Event) -> list[tuple[JudgeRequest, Verdict]]:
        """Make one call and log it; returns every call that has a verdict now: none if it stays open."""
        if stop.is_set():
            return []

        def keep(verdict: Verdict) -> None:
            # Here and not in the caller's thread: a verdict is on disk even if that one is being interrupted.
            self._log.append(key=key, request=request, verdict=verdict)

        try:
            outcome = self._caller.call(key, request, stop=stop, keep=keep)
            if isinstance(outcome, FailedCall):
                return self._give_up_or_keep_open(outcome)
            self._verdicts.add(request, outcome, judge=self.judge.name)
            return [(request, outcome), *self._log_errors()]
        except Stopped:
            return []
        except BaseException:
            # At once: before the caller's thread handles it, this one could start another call.
            stop.set()
            raise

    def _give_up_or_keep_open(self, call: FailedCall) -> list[tuple[JudgeRequest, Verdict]]:
        """Log a failed call as an error if the call is what the server fails on; otherwise the server may be down.

        Raises:
            JudgeUnavailable: too many calls in a row have failed.
        """
        # A request that was turned away says nothing about the call.
        if call.failure.maybe_charged:
            if call.server_was_up or call.key in self._reservations.exhausted:
                return [self._log_error(call)]
            self._reservations.add_exhausted(call.key)
        self._outage.add(call)
        return []

    def _log_errors(self) -> list[tuple[JudgeRequest, Verdict]]:
        """The server is up, so the calls that failed before failed by themselves: log them as errors."""
        return [self._log_error(call) for call in self._outage.reset()]

    def _log_error(self, call: FailedCall) -> tuple[JudgeRequest, Verdict]:
        verdict = Verdict("error", reason=f"no reply in any attempt: {call.failure.what}")
        self._log.append(key=call.key, request=call.request, verdict=verdict)
        return call.request, verdict
