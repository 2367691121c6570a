"""Groups of questions: the unit of decoding, of saving and of resuming."""

import math
from collections.abc import Sequence
from itertools import pairwise

from thoughtrank.records import Question


def question_groups(questions: Sequence[Question], *, at_most: int) -> list[Sequence[Question]]:
    """Slices of nearly equal size, as few as possible with ``at_most`` questions in each.

    They depend on the list alone, so that a resumed run decodes the same batches. Equal sizes avoid a small last group, which
    would take as many decoding steps as a full one.
    """
    count = math.ceil(len(questions) / at_most)
    bounds = [len(questions) * number // count for number in range(count + 1)] if count else [0]
    return [questions[start:end] for start, end in pairwise(bounds)]
