"""What chance is called: the majority baseline by the answer that it always gives."""

from collections.abc import Mapping
from typing import Any

_LONGEST_ANSWER = 20


def chance_label(chance: Mapping[str, Any]) -> str:
    """What chance is: ``always “12”``, the most frequent reference answer.

    Args:
        chance: the entry of a round in ``summary.json``.
    """
    answer = chance["answer"]
    return f"always “{answer if len(answer) <= _LONGEST_ANSWER else answer[:_LONGEST_ANSWER] + '…'}”"
