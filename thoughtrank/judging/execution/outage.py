"""Distinguishes a judge that is down from single calls that fail."""

import threading

from thoughtrank.judging.protocol import AttemptFailed, JudgeRequest, JudgeUnavailable

FailedCall = tuple[str, JudgeRequest, AttemptFailed]
"""Key, request, and the failure of the last attempt."""

_MAX_FAILURES = 3
"""Calls that exhausted their retries, with no reply to any other call in between: the server is down."""


class OutageDetector:
    """Collects failed calls until a reply arrives. May be used from many threads."""

    def __init__(self) -> None:
        self._failed: list[FailedCall] = []
        self._lock = threading.Lock()

    def add(self, key: str, request: JudgeRequest, failure: AttemptFailed) -> None:
        """Remember a call that exhausted its retries.

        Raises:
            JudgeUnavailable: there were too many in a row.
        """
        with self._lock:
            self._failed.append((key, request, failure))
            if len(self._failed) >= _MAX_FAILURES:
                raise JudgeUnavailable(judge=failure.judge, what=failure.what)

    def reset(self) -> list[FailedCall]:
        """A reply arrived, or a new round begins; returns the failed calls before it, and forgets them."""
        with self._lock:
            failed, self._failed = self._failed, []
        return failed

    def raise_if_failed(self) -> None:
        """Raise JudgeUnavailable for the first failed call since the last reply, if there is one."""
        with self._lock:
            failed = list(self._failed)
        if failed:
            _, _, failure = failed[0]
            raise JudgeUnavailable(judge=failure.judge, what=failure.what)
