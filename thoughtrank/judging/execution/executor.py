"""Takes many looks at once and pays for each of them once."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from thoughtrank.judging.execution.budget import Budget
from thoughtrank.judging.execution.rate_limits import Stopped
from thoughtrank.judging.execution.reservation_log import Reservations
from thoughtrank.judging.execution.retries import Attempts
from thoughtrank.judging.execution.verdict_log import VerdictLog
from thoughtrank.judging.protocol import (
    AttemptFailed,
    Judge,
    JudgeRequest,
    JudgeUnavailable,
    RemoteJudge,
    Usage,
    Verdict,
)

OnVerdict = Callable[[JudgeRequest, Verdict], None]
"""Called in the thread that called ``ask``, once per different request, as verdicts become known."""

_RESERVATIONS = "_reservations.jsonl"

_DOWN_AFTER = 3
"""Looks in a row that failed in all their attempts, with no reply to any other look in between: the server is down."""


class Executor:
    """Asks a judge, ``judge.concurrency`` looks at a time, and keeps every verdict in an append-only log.

    A look that is in the log is served from it, whatever came out of it: ``malformed`` is an outcome too. A look that fails in
    all its attempts while others succeed is one as well (``error``); when nothing succeeds any more, the run stops.

    Args:
        judge: takes the looks.
        log_path: the log, ``_verdicts.jsonl``; created where there is none. ``_reservations.jsonl`` lies beside it.
        budget: of the run; what this log holds already is counted in. None for one of its own, from the judge's limits.

    Raises:
        UserError: the log cannot be read.

    Attributes:
        judge: the judge.
        looks: every look asked of this object, with its verdict, by key.
    """

    def __init__(self, judge: Judge, log_path: Path, *, budget: Budget | None = None) -> None:
        self.judge = judge
        self._log = VerdictLog(log_path, price=judge.price())
        self._reservations = Reservations(log_path.with_name(_RESERVATIONS))
        if budget is None:
            budget = Budget(judge.limits.budget if isinstance(judge, RemoteJudge) else None)
        budget.add(self._log.usage.cost + self._reservations.open_amount)
        self._attempts = Attempts(judge, budget=budget, reservations=self._reservations)
        self._judge_key = json.dumps(judge.identity(), sort_keys=True)
        self.looks: dict[str, tuple[JudgeRequest, Verdict]] = {}
        self._failed: list[tuple[str, JudgeRequest, AttemptFailed]] = []
        self._lock = threading.Lock()

    @property
    def asked(self) -> int:
        """Looks taken by this object, without those served from the log."""
        return self._log.appended

    @property
    def usage(self) -> Usage:
        """What all the looks in the log cost together, those of earlier runs included."""
        return self._log.usage

    @property
    def lost_cost(self) -> float:
        """US dollars that attempts whose reply was lost, or that a killed process left open, may have cost besides."""
        return self._reservations.open_amount

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        """One verdict per request, in the order of the requests; equal requests are one look.

        When the judge raises, looks in flight are finished and logged and no other is begun; then the error goes on.

        Raises:
            BudgetReached: the next look might cost more than is left of the budget.
            JudgeUnavailable: the judge cannot be reached, or keeps failing.
        """
        by_key = {self._key(request): request for request in requests}
        missing = {}
        for key, request in by_key.items():
            if key not in self._log:
                missing[key] = request
            elif on_verdict is not None:
                on_verdict(request, self._log[key])
        if missing:
            self._take(missing, on_verdict)
        verdicts = {key: self._log[key] for key in by_key}
        self.looks.update({key: (request, verdicts[key]) for key, request in by_key.items()})
        return [verdicts[self._key(request)] for request in requests]

    def known(self, request: JudgeRequest) -> Verdict | None:
        """The verdict in the log, or None; asks nobody."""
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
        return look_key(request, judge_key=self._judge_key)

    def _take(self, looks: dict[str, JudgeRequest], on_verdict: OnVerdict | None) -> None:
        """Take all the looks; a thread that is done with one begins the next at once."""
        threads = max(1, min(self.judge.concurrency, len(looks)))
        stop = threading.Event()
        self._failed = []
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="judge") as pool:
            futures = {pool.submit(self._look, key, request, stop): request for key, request in looks.items()}
            try:
                for future in as_completed(futures):
                    for request, verdict in future.result():
                        if on_verdict is not None:
                            on_verdict(request, verdict)
            finally:
                # Reached early only by an error, from a look or from the caller's interrupt.
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
        if self._failed:
            # Nothing has come back since: perhaps the server is down. They stay open, and are asked again next time.
            failure = self._failed[0][2]
            raise JudgeUnavailable(judge=failure.judge, what=failure.what)

    def _look(self, key: str, request: JudgeRequest, stop: threading.Event) -> list[tuple[JudgeRequest, Verdict]]:
        """Take one look and log it; returns every look that is settled by it: none if it failed or was not begun."""
        if stop.is_set():
            return []

        def keep(verdict: Verdict) -> None:
            # Here and not in the caller's thread: a verdict is on disk even if that one is being interrupted.
            self._log.append(key=key, request=request, verdict=verdict)

        try:
            outcome = self._attempts.take(key, request, stop=stop, keep=keep)
            if isinstance(outcome, AttemptFailed):
                self._fail(key, request, outcome)
                return []
            return [(request, outcome), *self._give_up()]
        except Stopped:
            return []
        except BaseException:
            # At once: before the caller's thread hears of it, this one could begin another look.
            stop.set()
            raise

    def _fail(self, key: str, request: JudgeRequest, failure: AttemptFailed) -> None:
        """Remember a look that failed in all its attempts.

        Raises:
            JudgeUnavailable: it is one too many.
        """
        with self._lock:
            self._failed.append((key, request, failure))
            if len(self._failed) >= _DOWN_AFTER:
                raise JudgeUnavailable(judge=failure.judge, what=failure.what)

    def _give_up(self) -> list[tuple[JudgeRequest, Verdict]]:
        """The server is up, so the looks that failed before did so by themselves: log them as errors."""
        with self._lock:
            failed, self._failed = self._failed, []
        given_up = []
        for key, request, failure in failed:
            verdict = Verdict("error", reason=f"no reply in any attempt: {failure.what}")
            self._log.append(key=key, request=request, verdict=verdict)
            given_up.append((request, verdict))
        return given_up


def look_key(request: JudgeRequest, *, judge_key: str) -> str:
    """sha256 of everything that decides a verdict: the judge's identity and every field of the request."""
    facts = [
        judge_key,
        request.question_id,
        request.question,
        request.reference,
        request.seed,
        request.mode,
        request.reverse,
        [[answer.answer_id, answer.text] for answer in request.answers],
    ]
    return sha256(json.dumps(facts).encode()).hexdigest()
