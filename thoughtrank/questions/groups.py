"""Questions in groups: the unit of decoding, of saving and of replay."""

import math
from collections.abc import Sequence
from itertools import pairwise

from thoughtrank.records import Question


def question_groups(questions: Sequence[Question], *, at_most: int) -> list[Sequence[Question]]:
    """Slices of nearly equal size, as few as ``at_most`` questions in each allow.

    They follow from the list alone, so that a resumed run decodes the same batches. Equal sizes leave no small last group,
    which would cost as many steps as a full one.
    """
    count = math.ceil(len(questions) / at_most)
    bounds = [len(questions) * number // count for number in range(count + 1)] if count else [0]
    return [questions[start:end] for start, end in pairwise(bounds)]
