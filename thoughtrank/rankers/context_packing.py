"""Splits answers into groups that fit the judge, in number and in tokens."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.rankers.comparisons import Comparisons, shuffled, with_calls
from thoughtrank.rankers.token_estimate import LABEL_TOKENS, call_tokens, text_tokens

MIN_GROUP_SIZE = 3
"""Groups of at most two would leave one answer of an odd number alone."""


def with_group_calls(
    comparisons: Comparisons,
    ids: Iterable[str],
    *,
    salt: str,
    size: int,
    context_tokens: int | None,
    repetitions: int = 1,
    both_orders: bool = False,
) -> Comparisons:
    """Shuffle the answers with these ids, split them into groups, and plan one call for each group.

    Args:
        comparisons: so far.
        ids: of two or more answers.
        salt: another one shuffles differently; so does each repetition.
        size: most answers per group.
        context_tokens: most tokens of one call; None for no limit.
        repetitions: how often to do so.
        both_orders: plan each call twice, the second time with the answers in reverse order.
    """
    wanted = list(ids)
    for repetition in range(repetitions):
        groups = packed_groups(
            shuffled(comparisons, wanted, salt=f"{salt}/{repetition}"),
            size=size,
            request=comparisons.all_answers,
            context_tokens=context_tokens,
        )
        comparisons = with_calls(comparisons, groups, both_orders=both_orders)
    return comparisons


def packed_groups(
    answers: Sequence[AnswerView], *, size: int, request: JudgeRequest, context_tokens: int | None
) -> list[list[AnswerView]]:
    """Groups of at most ``size`` answers whose sizes differ by at most one, none of a single answer.

    Where the judge's context is too small for that: more and smaller groups. A group of two may still be too long; the judge
    then reports it.

    Args:
        answers: two or more, shuffled; a group is a run of them.
        size: most answers per group, at least 3.
        request: has the question that they answer.
        context_tokens: most tokens of one call; None for no limit.
    """
    count = -(-len(answers) // size)
    room = None
    if context_tokens is not None:
        room = context_tokens - call_tokens(question=request.question, reference=request.reference, answers=())
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
