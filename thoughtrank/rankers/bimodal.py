"""Answers that beat everybody in some looks and lose badly in others: what an instruction to the judge looks like.

Under the fitted strengths an answer has an expected number of mates that it beats in each look. An honest answer strays from
it by the noise of a look; one that gives orders to the judge is far above it where the orders work, and far below where not.
"""

import math
from collections.abc import Mapping
from itertools import chain

from thoughtrank.rankers.evidence import Evidence

BIMODAL = "bimodal ranks: first in some looks, near the end in others"

_LOOKS = 3
_MATES = 3
"""Looks at an answer, and mates in each of them, before anything is said about it."""

_NEAR_THE_END = 0.3
"""Share of its mates that an answer beats."""

_SHARED_NOISE = 0.25
"""Correlation of an answer's contests within one look: its luck in that look is in all of them."""

_MOST_STRAY = 2.0
"""Mean square of the standardised deviations; 1 is what noise explains."""


def bimodal_flags(evidence: Evidence, scores: Mapping[str, float]) -> dict[str, str]:
    """The placed answers that are first in one look, near the end in another, and stray by more than noise explains.

    Args:
        evidence: looks and what they said.
        scores: posterior mean strength of each placed answer, in logits.
    """
    flags = {}
    for answer_id, (shares, strays) in _deviations(evidence, scores).items():
        mixed = len(shares) >= _LOOKS and max(shares) == 1 and min(shares) <= _NEAR_THE_END
        if mixed and sum(each**2 for each in strays) / len(strays) > _MOST_STRAY:
            flags[answer_id] = BIMODAL
    return flags


def _deviations(evidence: Evidence, scores: Mapping[str, float]) -> dict[str, tuple[list[float], list[float]]]:
    """Per answer, in each of its looks: the share of mates that it beat, and how far that is from the expected number.

    The second is in standard deviations.
    """
    found: dict[str, tuple[list[float], list[float]]] = {}
    for order in evidence.orders:
        groups = [[each for each in group if each in scores] for group in order.tie_groups()]
        members = list(chain.from_iterable(groups))
        mates = len(members) - 1
        if mates < _MATES:
            continue
        above = 0
        for group in groups:
            for each in group:
                beaten = mates - above - (len(group) - 1) / 2
                wins = [1 / (1 + math.exp(scores[mate] - scores[each])) for mate in members if mate != each]
                variance = sum(win * (1 - win) for win in wins) * (1 + _SHARED_NOISE * (mates - 1))
                shares, strays = found.setdefault(each, ([], []))
                shares.append(beaten / mates)
                strays.append((beaten - sum(wins)) / math.sqrt(variance))
            above += len(group)
    return found
