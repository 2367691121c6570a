"""Cuts what a thought says after it has stated its answer. Pure.

What follows repeats the answer, and often contradicts the calculation before it ("So, 4 hours to cover 7 km."). The gain of a
thought is measured before that point, so the cut does not change it.
"""

import re
from dataclasses import replace

from thoughtrank.records import Candidate, Gain

_END_OF_SENTENCE = re.compile(r"[.!?][)\]\"'*]*(?=\s|$)|[。！？]|\n")
"""The point of a decimal number ends no sentence."""


def trimmed(candidate: Candidate, gain: Gain) -> Candidate:
    """The candidate with its thought up to the end of the sentence that states the answer, or of that line.

    A thought that never states it (``gain.cut`` is None) stays as it is. The texts of the answer and of the table of candidates
    do not change.
    """
    if gain.cut is None:
        return candidate
    # A stated answer may be a sentence of its own: what ends it comes after its first character.
    end = _END_OF_SENTENCE.search(candidate.thought, gain.cut + 1)
    if end is None or not candidate.thought[end.end() :].strip():
        return candidate
    return replace(candidate, thought=candidate.thought[: end.end()].rstrip())
