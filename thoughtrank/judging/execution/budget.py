"""The hard cap on what a run may spend on its judge."""

import threading

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.rate_limits import Stopped

_NAP = 0.5
"""Seconds after which a waiting thread looks whether it should stop."""


class BudgetReached(UserError):
    """The next look might cost more than is left. Everything that was paid for is kept."""

    def __init__(self, *, limit: float, spent: float, bound: float, ranked: str = "") -> None:
        self.limit, self.spent, self.bound = limit, spent, bound
        super().__init__(
            f"judge.budget={limit:g} is reached: this run has spent ${spent:.4f}, and the next look may cost up to "
            f"${bound:.4f}. {ranked}Raise judge.budget and give the same command to go on: every look so far is kept, and "
            "nothing is paid for twice."
        )

    def with_ranked(self, ranked: str) -> "BudgetReached":
        """The same error that also says what is ranked (one sentence)."""
        return BudgetReached(limit=self.limit, spent=self.spent, bound=self.bound, ranked=f"{ranked} ")


class Budget:
    """Counts money before it is spent: an attempt reserves the most it can cost, and is settled by what it did cost.

    One object serves all rounds of a run, and may be used from many threads.

    Args:
        limit: US dollars; None for no cap.

    Attributes:
        spent: US dollars settled so far.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0
        self._in_flight = 0
        self._changed = threading.Condition()

    def add(self, cost: float) -> None:
        """Count what this run spent before: in earlier rounds, or in earlier attempts."""
        with self._changed:
            self.spent += cost

    def reserve(self, bound: float, stop: threading.Event) -> None:
        """Set aside the most an attempt can cost. Waits for attempts in flight where only their settling may make room.

        Raises:
            BudgetReached: not even that would.
            Stopped: ``stop`` was set meanwhile.
        """
        with self._changed:
            while self.limit is not None and self.spent + self._reserved + bound > self.limit:
                if stop.is_set():
                    raise Stopped
                if not self._in_flight:
                    raise BudgetReached(limit=self.limit, spent=self.spent, bound=bound)
                self._changed.wait(_NAP)
            self._reserved += bound
            self._in_flight += 1

    def settle(self, bound: float, cost: float) -> None:
        """Replace a reservation by what it came to."""
        with self._changed:
            self._reserved -= bound
            self._in_flight -= 1
            self._reserved = max(0.0, self._reserved) if self._in_flight else 0.0  # no rounding error is left behind
            self.spent += cost
            self._changed.notify_all()
