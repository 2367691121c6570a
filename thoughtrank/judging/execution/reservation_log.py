"""The append-only log of money reserved for attempts, so that the budget holds even across ``kill -9``."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from thoughtrank.storage.line_log import LineLog


class ReservationLog:
    """One JSON object per line: an amount when an attempt starts, and its negative when its true cost is known.

    Attempts of a killed process, and those whose reply was lost, remain as money that may have been spent. A torn last line is
    an attempt that was not sent yet; it is cut off. Other lines hold the judge's raised bounds, so that a resumed run reserves
    as much as the one before it, and the calls that exhausted their retries.

    Args:
        path: the file, ``_reservations.jsonl``; created at the first reservation.

    Attributes:
        open_amount: the sum of all lines, in US dollars.
        raised_bounds: the largest factors on the judge's upper bounds, by count; see ``Judge.raised_bounds``.
        exhausted: keys of the calls that exhausted their retries before this object was made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._lines: LineLog | None = None
        self.open_amount = 0.0
        self.raised_bounds: dict[str, float] = {}
        self.exhausted: set[str] = set()
        if path.exists():
            self._lines = self._open()
        self.open_amount = max(0.0, self.open_amount)

    def begin(self, key: str, amount: float) -> None:
        """Before an attempt is sent."""
        self._append(key, amount)

    def end(self, key: str, amount: float) -> None:
        """After its verdict is on disk, or when it certainly cost nothing."""
        self._append(key, -amount)

    def raise_bounds(self, factors: Mapping[str, float]) -> None:
        """Before the verdict that raised them is on disk; writes only factors that are new."""
        with self._lock:
            new = {name: factor for name, factor in factors.items() if factor > self.raised_bounds.get(name, 1.0)}
            if new:
                # An amount of 0, because former versions read one from every line.
                self._write({"reserved": 0.0, "raised_bounds": new})
                self.raised_bounds.update(new)

    def add_exhausted(self, key: str) -> None:
        """A call has exhausted its retries; the next object that opens the file knows it."""
        with self._lock:
            self._write({"key": key, "reserved": 0.0, "exhausted": True})

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._lines is not None:
            self._lines.close()

    def _append(self, key: str, amount: float) -> None:
        if not amount:
            return
        with self._lock:
            self._write({"key": key, "reserved": amount})
            self.open_amount += amount

    def _write(self, record: Mapping[str, object]) -> None:
        """Append one line, with the lock held."""
        if self._lines is None:
            self._lines = self._open()
        self._lines.append(json.dumps(record).encode())

    def _open(self) -> LineLog:
        # Former versions began each line with the newline, and left torn ones where they were: those are skipped.
        return LineLog(self.path, read=self._add, durable=True)

    def _add(self, line: bytes) -> None:
        record = json.loads(line)
        self.open_amount += float(record["reserved"])
        if record.get("exhausted"):
            self.exhausted.add(str(record["key"]))
        for name, factor in dict(record.get("raised_bounds", {})).items():
            self.raised_bounds[name] = max(float(factor), self.raised_bounds.get(name, 1.0))
