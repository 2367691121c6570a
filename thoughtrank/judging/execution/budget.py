"""The hard cap on the cost of a run's judge."""

import threading

from thoughtrank.errors import UserError
from thoughtrank.judging.execution.rate_limits import Stopped

_POLL_SECONDS = 0.5
"""How often a waiting thread checks whether it should stop."""


class BudgetReached(UserError):
    """The next judge call might exceed the budget. All verdicts so far are kept."""

    def __init__(self, *, limit: float, spent: float, bound: float, ranked: str = "") -> None:
        self.limit, self.spent, self.bound = limit, spent, bound
        super().__init__(
            f"judge.budget={limit:g} is reached: this run has spent ${spent:.4f}, and the next judge call may cost up to "
            f"${bound:.4f}. {ranked}Raise judge.budget and run the same command again to resume: all verdicts so far are "
            "kept, and nothing is paid for twice."
        )

    def with_ranked(self, ranked: str) -> "BudgetReached":
        """The same error with a sentence about what is ranked."""
        return BudgetReached(limit=self.limit, spent=self.spent, bound=self.bound, ranked=f"{ranked} ")


class Budget:
    """Counts money before it is spent: an attempt reserves the most it can cost, and is settled at its true cost.

    One object serves all rounds of a run. May be used from many threads.

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
        """Add what this run spent before: in earlier rounds, or before it was resumed."""
        with self._changed:
            self.spent += cost

    def reserve(self, bound: float, stop: threading.Event) -> None:
        """Reserve the most an attempt can cost. Waits for attempts in flight if only settling them may make room.

        Raises:
            BudgetReached: there is no room, and no attempt in flight.
            Stopped: ``stop`` was set while waiting.
        """
        with self._changed:
            # Not "> limit": an amount that is no number never fits.
            while self.limit is not None and not self.spent + self._reserved + bound <= self.limit:
                if stop.is_set():
                    raise Stopped
                if not self._in_flight:
                    raise BudgetReached(limit=self.limit, spent=self.spent, bound=bound)
                self._changed.wait(_POLL_SECONDS)
            self._reserved += bound
            self._in_flight += 1

    def settle(self, bound: float, cost: float) -> None:
        """Replace a reservation by the true cost."""
        with self._changed:
            self._reserved -= bound
            self._in_flight -= 1
            self._reserved = max(0.0, self._reserved) if self._in_flight else 0.0  # no rounding error remains
            self.spent += cost
            self._changed.notify_all()
