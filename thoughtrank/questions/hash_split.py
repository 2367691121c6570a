"""The split of a question into training, development or test, by a hash of what identifies it."""

import hashlib
from typing import Literal

HashedSplit = Literal["train", "development", "test"]

_BUCKETS: tuple[HashedSplit, ...] = ("test", "test", "development", "train", "train", "train")
"""Equally frequent: a third of all questions is for test, a sixth for development, half for training."""


def hashed_split(key: str) -> HashedSplit:
    """The split of the question with this key, the same in every run, whatever the seed and the other questions."""
    digest = hashlib.sha256(key.encode()).digest()
    return _BUCKETS[int.from_bytes(digest[:8]) % len(_BUCKETS)]
