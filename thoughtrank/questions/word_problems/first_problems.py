"""The first problems of a split, kept from one call to the next: the check of a run asks for the same ones many times."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from threading import Lock

from thoughtrank.questions.word_problems.splits import Problem, Split, problems

_SETTINGS = 64
"""Most settings whose problems are kept at a time."""


def first_problems(split: Split, *, max_number: int, max_steps: int, seed: int, count: int) -> list[Problem]:
    """The first ``count`` of ``problems`` with these arguments; fewer where there are no more. Threads may share them."""
    return _kept(split, max_number, max_steps, seed).first(count)


@lru_cache(maxsize=_SETTINGS)
def _kept(split: Split, max_number: int, max_steps: int, seed: int) -> "_Kept":
    return _Kept(problems(split, max_number=max_number, max_steps=max_steps, seed=seed))


class _Kept:
    def __init__(self, rest: Iterator[Problem]) -> None:
        self._found: list[Problem] = []
        self._rest = rest
        self._lock = Lock()

    def first(self, count: int) -> list[Problem]:
        with self._lock:
            self._found.extend(islice(self._rest, max(0, count - len(self._found))))
            return self._found[:count]
