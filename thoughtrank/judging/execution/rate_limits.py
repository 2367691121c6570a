"""Keeps requests and tokens under limits per minute, and makes all threads wait when the server asks for it."""

import threading
import time
from collections.abc import Callable

_BURST = 1.0
"""Seconds of allowance that may accumulate, so that a late thread does not lose its turn."""

_WINDOW = 60.0
_POLL_SECONDS = 0.5
"""How often a waiting thread checks whether it should stop."""


class Stopped(Exception):
    """The caller stopped while this thread was waiting."""


class RateLimiter:
    """Starts attempts no faster than the limits allow. May be used from many threads.

    The generic cell rate algorithm (ITU-T I.371), for requests and for tokens. The rate is slower than the limit by ``_BURST``
    in 61 seconds, so that no window of 60 seconds, wherever it starts, holds more than the limit.

    Tokens are booked from an upper bound, scaled by the ratio of use to bound so far, and corrected afterwards.

    Args:
        requests_per_minute: None for no limit.
        tokens_per_minute: None for no limit.
        clock: seconds.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._per_request = _interval(requests_per_minute)
        self._per_token = _interval(tokens_per_minute)
        self._requests_until = self._tokens_until = self._paused_until = clock()
        self._bounds = self._used = 0
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    def wait(self, bound: int, stop: threading.Event) -> int:
        """Wait until an attempt of at most ``bound`` tokens may start; returns the tokens booked, for ``settle``.

        Raises:
            Stopped: ``stop`` was set while waiting.
        """
        with self._turn:  # the others queue here, so that only one thread polls the clock
            while not stop.is_set():
                with self._changed:
                    now = self._clock()
                    delay = max(self._paused_until, max(self._requests_until, self._tokens_until) - _BURST) - now
                    if delay <= 0:
                        return self._book(bound, now)
                    self._changed.wait(min(delay, _POLL_SECONDS))
        raise Stopped

    def settle(self, *, bound: int, booked: int, used: int) -> None:
        """Correct the tokens that ``wait`` booked for an attempt to those it used."""
        with self._changed:
            self._bounds += bound
            self._used += used
            self._tokens_until += (used - booked) * self._per_token
            self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Start no attempt for this long, because the server asked for it."""
        with self._changed:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _book(self, bound: int, now: float) -> int:
        # 1.1: rather too much than too little, before the correction.
        fraction = min(1.0, 1.1 * self._used / self._bounds) if self._bounds else 1.0
        booked = round(bound * fraction)
        self._requests_until = max(self._requests_until, now) + self._per_request
        self._tokens_until = max(self._tokens_until, now) + booked * self._per_token
        return booked


def _interval(per_minute: float | None) -> float:
    """Seconds between two units."""
    # 1.01: so that no rounding puts one attempt too many into a window.
    return (_WINDOW + 1.01 * _BURST) / per_minute if per_minute else 0.0
