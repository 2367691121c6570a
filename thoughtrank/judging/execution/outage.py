"""Distinguishes a judge that is down from single calls that fail."""

import threading
from typing import NamedTuple

from thoughtrank.judging.protocol import AttemptFailed, JudgeRequest, JudgeUnavailable

_MAX_FAILURES = 3
"""Calls that exhausted their retries, with no reply to any other call in between: the server is down."""


class FailedCall(NamedTuple):
    """A call that exhausted its retries.

    Attributes:
        key: of the call.
        request: of the call.
        failure: of the last attempt.
        server_was_up: after half of the attempts had failed, and before the last one did, another call had a reply.
    """

    key: str
    request: JudgeRequest
    failure: AttemptFailed
    server_was_up: bool = False


class OutageDetector:
    """Collects failed calls until a reply arrives. May be used from many threads."""

    def __init__(self) -> None:
        self._failed: list[FailedCall] = []
        self._lock = threading.Lock()

    def add(self, call: FailedCall) -> None:
        """Remember a failed call.

        Raises:
            JudgeUnavailable: there were too many in a row.
        """
        with self._lock:
            self._failed.append(call)
            if len(self._failed) >= _MAX_FAILURES:
                raise JudgeUnavailable(judge=call.failure.judge, what=call.failure.what)

    def reset(self) -> list[FailedCall]:
        """A reply arrived, or a new round begins; returns the failed calls before it, and forgets them."""
        with self._lock:
            failed, self._failed = self._failed, []
        return failed

    def raise_if_failed(self) -> None:
        """Raise JudgeUnavailable if calls have failed since the last reply."""
        with self._lock:
            failures = [call.failure for call in self._failed]
        if failures:
            # A server that turns requests away is down, or has too many of them. Any other failure may be due to the call.
            unclear = len(failures) if all(failure.maybe_charged for failure in failures) else 0
            raise JudgeUnavailable(judge=failures[0].judge, what=failures[0].what, last_calls=unclear)
