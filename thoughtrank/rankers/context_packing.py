"""Splits answers into looks that are small enough for the judge, in number and in tokens."""

from collections.abc import Sequence
from itertools import pairwise

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.rankers.token_estimate import LABEL_TOKENS, look_tokens, text_tokens

SMALLEST_GROUP = 3
"""Groups of at most two would leave one answer of an odd number without a mate."""


def packed(
    answers: Sequence[AnswerView], *, size: int, asked: JudgeRequest, context_tokens: int | None
) -> list[list[AnswerView]]:
    """Groups of at most ``size`` answers whose sizes differ by at most one, none of a single answer.

    Where the judge's context is too small for that, more and smaller groups; a group of two may still be too long, and
    the judge then says so.

    Args:
        answers: two or more, shuffled; a group is a run of them.
        size: most answers per group, at least 3.
        asked: the question they answer.
        context_tokens: most tokens of one look; None is no limit.
    """
    count = -(-len(answers) // size)
    room = None
    if context_tokens is not None:
        room = context_tokens - look_tokens(question=asked.question, reference=asked.reference, answers=())
    while True:
        groups = _split(answers, count)
        fits = room is None or all(_tokens(group) <= room for group in groups)
        if fits or count + 1 > len(answers) // 2:
            return groups
        count += 1


def _tokens(group: Sequence[AnswerView]) -> float:
    return sum(text_tokens(answer.text) + LABEL_TOKENS for answer in group)


def _split(answers: Sequence[AnswerView], count: int) -> list[list[AnswerView]]:
    """``count`` runs in order, whose sizes differ by at most one."""
    bounds = [len(answers) * index // count for index in range(count + 1)]
    return [list(answers[start:end]) for start, end in pairwise(bounds)]
