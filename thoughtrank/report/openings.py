"""How a model begins its own thoughts, and how much these beginnings vary."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.prompting.thought_tags import OPEN_TAG

_MOST = 5
"""Beginnings that are named."""


def openings(replies: Iterable[HeldOutReply]) -> dict[str, Any]:
    """How the model's own thoughts about held-out questions begin, those of unseen families included.

    The thoughts are those of the arm ``own_thought``, where the tag is forced if the model does not write it; without this arm
    those of ``thought`` that open with the tag. An entropy of 0 bits is one beginning for all, one of b bits as much variety
    as 2^b equally frequent beginnings.

    Returns:
        ``n`` thoughts, ``character_entropy`` and ``word_entropy`` of their first character and word, in bits, and ``words``:
        the most frequent first words with the fraction of the thoughts they begin. Empty without thoughts.
    """
    thoughts = _own_thoughts(list(replies))
    if not thoughts:
        return {}
    words = Counter(thought.split(maxsplit=1)[0] for thought in thoughts)
    return {
        "n": len(thoughts),
        "character_entropy": entropy(Counter(thought[0] for thought in thoughts)),
        "word_entropy": entropy(words),
        "words": {word: count / len(thoughts) for word, count in _most_frequent(words)},
    }


def entropy(counts: Counter[str]) -> float:
    """Of the distribution that ``counts`` are drawn from, by relative frequencies, in bits; 0 where nothing is counted."""
    total = counts.total()
    return sum(count / total * math.log2(total / count) for count in counts.values())


def _most_frequent(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_MOST]


def _own_thoughts(replies: Sequence[HeldOutReply]) -> list[str]:
    """Thoughts that are not empty, without the white space before them."""
    own = [reply.thought or "" for reply in replies if reply.arm == "own_thought"]
    if not own:
        free = [reply.reply for reply in replies if reply.arm == "thought"]
        own = [reply.removeprefix(OPEN_TAG) for reply in free if reply.startswith(OPEN_TAG)]
    return [thought.strip() for thought in own if thought.strip()]
