"""One round of shuffled groups: every answer is compared with a few others, once."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from thoughtrank.errors import UserError
from thoughtrank.judging.looks import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.ranker import RankResult

_SMALLEST_GROUP = 3
"""Groups of at most two would leave one answer of an odd number without a mate."""

_RETRIES = 1
"""Looks at a group after the first that brought no ranking."""


@dataclass(frozen=True, slots=True)
class Look:
    """One group, how often it was asked about in vain, and the verdict that holds (None: not yet)."""

    request: JudgeRequest
    failures: int = 0
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class ListwiseState:
    """All that is known about one question: its answers by id and a look per group."""

    answer_ids: tuple[str, ...]
    looks: tuple[Look, ...] = ()


class ListwiseGroups:
    """Splits the shuffled answers into groups, has each ranked by one look, and sorts all answers by their scores.

    The score of an answer is the share of its group-mates that it beats, plus half the share it ties with (Borda count
    per group, from 0 to 1). Answers of different groups meet only through these shares. An answer whose group got no
    ranking in two looks is unranked: a failed look says nothing about it.

    Args:
        group_size: most answers per look, at least 3. An exact judge gets all answers in one look.

    Raises:
        UserError: ``group_size`` is less than 3.
    """

    def __init__(self, *, group_size: int = 8) -> None:
        if group_size < _SMALLEST_GROUP:
            raise UserError(f"ranker.group_size is {group_size}: it must be at least {_SMALLEST_GROUP}")
        self.group_size = group_size

    def identity(self) -> dict[str, object]:
        """The name and the group size."""
        return {"ranker": "listwise_groups", "group_size": self.group_size}

    def start(
        self,
        *,
        question_id: str,
        question: str,
        answers: Sequence[AnswerView],
        reference: str | None,
        seed: int,
        exact: bool,
    ) -> ListwiseState:
        """Shuffle and split the answers; a single answer needs no look."""
        ids = tuple(answer.answer_id for answer in answers)
        if len(answers) < 2:
            return ListwiseState(answer_ids=ids)
        # Sorted first, so that the groups do not depend on the order in which the answers come.
        shuffled = sorted(answers, key=lambda answer: answer.answer_id)
        random.Random(f"groups/{seed}/{question_id}").shuffle(shuffled)
        count = 1 if exact else -(-len(shuffled) // self.group_size)
        first = JudgeRequest(question_id, question, (), reference, seed)
        looks = tuple(
            Look(_reshuffled(replace(first, answers=group), index))
            for index, group in enumerate(_split(shuffled, count))
        )
        return ListwiseState(answer_ids=ids, looks=looks)

    def plan(self, state: ListwiseState) -> list[JudgeRequest]:
        """The looks without a verdict: all groups in the first round, the failed ones once more in the second."""
        return [look.request for look in state.looks if look.verdict is None]

    def update(self, state: ListwiseState, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> ListwiseState:
        """Keep the rankings; plan a failed look once more with another shuffle, then let its failure stand."""
        verdicts = dict(judged)
        looks = []
        for look in state.looks:
            verdict = verdicts.get(look.request) if look.verdict is None else None
            if verdict is None:
                looks.append(look)
            elif _is_ranking(verdict, look.request) or look.failures >= _RETRIES:
                looks.append(replace(look, verdict=verdict))
            else:
                looks.append(Look(_reshuffled(look.request, look.failures + 1), failures=look.failures + 1))
        return replace(state, looks=tuple(looks))

    def result(self, state: ListwiseState) -> RankResult:
        """The answers of ranked groups by score, equal scores together; all others with the reason."""
        if not state.looks:
            return RankResult(groups=(state.answer_ids,) if state.answer_ids else ())
        scores: dict[str, Fraction] = {}
        unranked: dict[str, str] = {}
        for look in state.looks:
            if look.verdict is not None and _is_ranking(look.verdict, look.request):
                scores.update(_scores(look.verdict.groups))
                reason = "not in the judge's ranking"
            else:
                reason = _failure(look.verdict)
            for answer in look.request.answers:
                if answer.answer_id not in scores:
                    unranked[answer.answer_id] = reason
        ranks = sorted(set(scores.values()), reverse=True)
        groups = tuple(tuple(each for each in state.answer_ids if scores.get(each) == score) for score in ranks)
        return RankResult(groups=groups, unranked=unranked)


def _split(answers: Sequence[AnswerView], count: int) -> list[tuple[AnswerView, ...]]:
    """``count`` groups in order, whose sizes differ by at most one."""
    bounds = [len(answers) * index // count for index in range(count + 1)]
    return [tuple(answers[start:end]) for start, end in pairwise(bounds)]


def _reshuffled(request: JudgeRequest, salt: int) -> JudgeRequest:
    """The same answers in another order under another seed, drawn from the request's seed."""
    draw = random.Random(f"look/{request.seed}/{request.question_id}/{salt}")
    answers = list(request.answers)
    draw.shuffle(answers)
    return replace(request, answers=tuple(answers), seed=draw.getrandbits(31))


def _is_ranking(verdict: Verdict, request: JudgeRequest) -> bool:
    """It orders at least two of the answers asked about, each once, and no other."""
    listed = [answer_id for group in verdict.groups for answer_id in group]
    asked = {answer.answer_id for answer in request.answers}
    return verdict.status == "ok" and len(listed) >= 2 and len(set(listed)) == len(listed) and asked.issuperset(listed)


def _scores(groups: tuple[tuple[str, ...], ...]) -> dict[str, Fraction]:
    """The Borda share of every listed answer: beaten mates plus half the tied ones, over all mates.

    Fractions, because equal shares must be equal whatever the sizes of the groups are.
    """
    below = sum(len(group) for group in groups)
    mates = below - 1
    scores = {}
    for group in groups:
        below -= len(group)
        for answer_id in group:
            scores[answer_id] = (below + Fraction(len(group) - 1, 2)) / mates
    return scores


def _failure(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged yet"
    if verdict.status == "ok":
        return "malformed: the verdict is no ranking of these answers"
    return f"{verdict.status}: {verdict.reason}" if verdict.reason else verdict.status
