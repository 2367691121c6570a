"""Contiguous regions of cache tokens: allocated at the first gap that has room, extended where the next tokens are free."""

from bisect import bisect_left


class Regions:
    """Which tokens of a cache are free.

    The same calls in the same order return the same regions.

    Args:
        tokens: of the cache.
    """

    def __init__(self, tokens: int) -> None:
        self._starts, self._sizes = ([0], [tokens]) if tokens else ([], [])  # of the free pieces, in order
        self.free_tokens = tokens

    def allocate(self, size: int) -> int | None:
        """The first token of a new region; None if no free piece is large enough."""
        for piece, free in enumerate(self._sizes):
            if free >= size:
                start = self._starts[piece]
                self._take(piece, size)
                return start
        return None

    def extend(self, end: int, size: int) -> bool:
        """Take the ``size`` tokens from ``end`` on, if they are free."""
        piece = bisect_left(self._starts, end)
        if piece == len(self._starts) or self._starts[piece] != end or self._sizes[piece] < size:
            return False
        self._take(piece, size)
        return True

    def _take(self, piece: int, size: int) -> None:
        """The first tokens of a free piece."""
        self.free_tokens -= size
        if self._sizes[piece] == size:
            del self._starts[piece], self._sizes[piece]
        else:
            self._starts[piece] += size
            self._sizes[piece] -= size

    def release(self, start: int, size: int) -> None:
        """Return a region, and join it with the free pieces beside it."""
        self.free_tokens += size
        piece = bisect_left(self._starts, start)
        if piece < len(self._starts) and start + size == self._starts[piece]:
            size += self._sizes[piece]
            del self._starts[piece], self._sizes[piece]
        if piece and self._starts[piece - 1] + self._sizes[piece - 1] == start:
            self._sizes[piece - 1] += size
        else:
            self._starts.insert(piece, start)
            self._sizes.insert(piece, size)
