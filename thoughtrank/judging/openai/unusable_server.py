"""Detects a server that never replies with a chat completion, so that the run stops before every call is wasted."""

import threading

from thoughtrank.judging.protocol import ReplyUnusable

_MAX_FIRST_FAILURES = 3
"""Calls. When this many bring no chat completion before any call did, the settings are wrong and not the answers."""


class UnusableServerDetector:
    """Counts replies that are no chat completion, until the first that is one. May be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worked = False
        self._failures = 0

    def add(self, *, is_completion: bool, url: str, example: str) -> None:
        """Count one reply.

        Args:
            is_completion: it was a chat completion.
            url: of the server, without secrets.
            example: the reply in short, without secrets.

        Raises:
            ReplyUnusable: the first calls brought no chat completion at all.
        """
        with self._lock:
            self._worked = self._worked or is_completion
            self._failures += not is_completion
            unusable = not self._worked and self._failures >= _MAX_FIRST_FAILURES
        if unusable:
            raise ReplyUnusable(
                f"the judge at {url} replied to none of {self._failures} calls with a chat completion: {example}. "
                "Check judge.base_url, judge.model and the other settings of judge; all verdicts so far are kept."
            )
