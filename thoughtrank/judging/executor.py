"""Takes many looks at once and pays for each of them once."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from thoughtrank.judging.looks import Judge, JudgeRequest, Usage, Verdict
from thoughtrank.judging.verdict_log import VerdictLog

OnVerdict = Callable[[JudgeRequest, Verdict], None]
"""Called in the thread that called ``ask``, once per different request, as verdicts become known."""


class Executor:
    """Asks a judge, ``judge.concurrency`` looks at a time, and keeps every verdict in an append-only log.

    A look that is in the log is served from it, whatever came out of it: ``malformed`` is an outcome too.

    Args:
        judge: takes the looks.
        log_path: the log, ``_verdicts.jsonl``; created where there is none.

    Raises:
        UserError: the log cannot be read.

    Attributes:
        judge: the judge.
    """

    def __init__(self, judge: Judge, log_path: Path) -> None:
        self.judge = judge
        self._log = VerdictLog(log_path)
        self._judge_key = json.dumps(judge.identity(), sort_keys=True)

    @property
    def asked(self) -> int:
        """Looks taken by this object, without those served from the log."""
        return self._log.appended

    @property
    def usage(self) -> Usage:
        """What all the looks in the log cost together, those of earlier runs included."""
        return self._log.usage

    def ask(self, requests: Sequence[JudgeRequest], *, on_verdict: OnVerdict | None = None) -> list[Verdict]:
        """One verdict per request, in the order of the requests; equal requests are one look.

        When the judge raises, looks in flight are finished and logged and no other is begun; then the error goes on.
        """
        by_key = {look_key(request, judge_key=self._judge_key): request for request in requests}
        missing = {}
        for key, request in by_key.items():
            if key not in self._log:
                missing[key] = request
            elif on_verdict is not None:
                on_verdict(request, self._log[key])
        if missing:
            self._take(missing, on_verdict)
        return [self._log[look_key(request, judge_key=self._judge_key)] for request in requests]

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, looks: dict[str, JudgeRequest], on_verdict: OnVerdict | None) -> None:
        """Take all the looks; a thread that is done with one begins the next at once."""
        threads = max(1, min(self.judge.concurrency, len(looks)))
        stop = threading.Event()
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="judge") as pool:
            futures = {pool.submit(self._look, key, request, stop): request for key, request in looks.items()}
            try:
                for future in as_completed(futures):
                    verdict = future.result()
                    if verdict is not None and on_verdict is not None:
                        on_verdict(futures[future], verdict)
            finally:
                # Reached early only by an error, from a look or from the caller's interrupt.
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _look(self, key: str, request: JudgeRequest, stop: threading.Event) -> Verdict | None:
        """Take one look and log it; None if another look has failed before this one began."""
        if stop.is_set():
            return None
        try:
            verdict = self.judge.judge(request)
            # Here and not in the caller's thread: a verdict is on disk even if that one is being interrupted.
            self._log.append(key=key, request=request, verdict=verdict)
        except BaseException:
            # At once: before the caller's thread hears of it, this one could begin another look.
            stop.set()
            raise
        return verdict


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
