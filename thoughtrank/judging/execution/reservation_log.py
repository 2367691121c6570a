"""The append-only log of money reserved for attempts, so that the budget holds even across ``kill -9``."""

import json
import os
import threading
from pathlib import Path


class ReservationLog:
    """One JSON object per line: an amount when an attempt starts, and its negative when its true cost is known.

    Attempts of a killed process, and those whose reply was lost, remain as money that may have been spent. A torn last line is
    an attempt that was not sent yet, and is ignored.

    Args:
        path: the file, ``_reservations.jsonl``; created at the first reservation.

    Attributes:
        open_amount: the sum of all lines, in US dollars.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = -1
        self.open_amount = 0.0
        for line in path.read_bytes().splitlines() if path.exists() else []:
            try:
                self.open_amount += float(json.loads(line)["reserved"])
            except (ValueError, KeyError, TypeError):
                continue
        self.open_amount = max(0.0, self.open_amount)

    def begin(self, key: str, amount: float) -> None:
        """Before an attempt is sent."""
        self._append(key, amount)

    def end(self, key: str, amount: float) -> None:
        """After its verdict is on disk, or when it certainly cost nothing."""
        self._append(key, -amount)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, key: str, amount: float) -> None:
        if not amount:
            return
        # The newline comes first, so that a torn line of a killed process affects no other line.
        line = f"\n{json.dumps({'key': key, 'reserved': amount})}".encode()
        with self._lock:
            if self._file < 0:
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.write(self._file, line)
            self.open_amount += amount
