"""The append-only log of money reserved for attempts, so that the budget holds even across ``kill -9``."""

import json
import threading
from pathlib import Path

from thoughtrank.storage.line_log import LineLog


class ReservationLog:
    """One JSON object per line: an amount when an attempt starts, and its negative when its true cost is known.

    Attempts of a killed process, and those whose reply was lost, remain as money that may have been spent. A torn last line is
    an attempt that was not sent yet; it is cut off.

    Args:
        path: the file, ``_reservations.jsonl``; created at the first reservation.

    Attributes:
        open_amount: the sum of all lines, in US dollars.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._lines: LineLog | None = None
        self.open_amount = 0.0
        if path.exists():
            self._lines = self._open()
        self.open_amount = max(0.0, self.open_amount)

    def begin(self, key: str, amount: float) -> None:
        """Before an attempt is sent."""
        self._append(key, amount)

    def end(self, key: str, amount: float) -> None:
        """After its verdict is on disk, or when it certainly cost nothing."""
        self._append(key, -amount)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._lines is not None:
            self._lines.close()

    def _append(self, key: str, amount: float) -> None:
        if not amount:
            return
        line = json.dumps({"key": key, "reserved": amount}).encode()
        with self._lock:
            if self._lines is None:
                self._lines = self._open()
            self._lines.append(line)
            self.open_amount += amount

    def _open(self) -> LineLog:
        # Former versions began each line with the newline, and left torn ones where they were: those are skipped.
        return LineLog(self.path, read=self._add, durable=True)

    def _add(self, line: bytes) -> None:
        self.open_amount += float(json.loads(line)["reserved"])
