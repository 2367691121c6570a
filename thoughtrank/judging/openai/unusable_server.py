"""Detects a server that never replies with a chat completion, so that the run stops before every call is wasted."""

import threading

from thoughtrank.judging.protocol import ReplyUnusable

_MAX_FIRST_FAILURES = 3
"""Calls. When this many bring no chat completion before any call did, the settings are wrong and not the answers."""


class UnusableServerDetector:
    """Counts calls that bring no chat completion, until the first that brings one. May be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worked = False
        self._failed: set[str] = set()

    def add_completion(self) -> None:
        """A call brought a chat completion: what other calls bring is not due to the settings."""
        with self._lock:
            self._worked = True

    def add_failure(self, call: str, *, url: str, example: str) -> None:
        """A call brought something else.

        Args:
            call: the same for each attempt at it.
            url: of the server, without secrets.
            example: the reply in short, without secrets.

        Raises:
            ReplyUnusable: the first calls brought no chat completion at all.
        """
        with self._lock:
            self._failed.add(call)
            failed = len(self._failed)
            unusable = not self._worked and failed >= _MAX_FIRST_FAILURES
        if unusable:
            raise ReplyUnusable(
                f"the judge at {url} replied to none of {failed} calls with a chat completion: {example}. "
                "Check judge.base_url, judge.model and the other settings of judge; all verdicts so far are kept."
            )
