"""The comparisons of one question: planned judge calls, rankings and grades received, and failures.

All rankers share this state; ``call_outcomes`` updates it with verdicts.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Mode
from thoughtrank.rankers.token_estimate import call_tokens

NOT_LISTED = "not in the judge's ranking"
NOT_YET = "not judged yet"


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A planned judge call, and how many earlier calls about the same answers failed."""

    request: JudgeRequest
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """The ranking that one judge call returned.

    Attributes:
        groups: tie-groups of the listed answers, best first.
        missing: the answers it left out.
        shown: all of them in the order in which the judge saw them; empty where that is unknown.
    """

    groups: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def tie_groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups, and the missing answers last: below all listed ones, in no order among themselves."""
        return (*self.groups, self.missing) if self.missing else self.groups


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Everything known about one question.

    Attributes:
        all_answers: a request with all answers of the question, sorted by id, so that nothing depends on their input order.
        exact: the judge compares any number of answers at once without error.
        open: calls without a verdict.
        orders: rankings received, in the order of the calls.
        scores: grades received, in the order of the calls.
        failures: answer id to the reason of the last failed call about it that is not retried.
        set_aside: answer id to the reason why it is not shown to the judge again: refused, or too long.
        planned: calls planned so far; gives every call a seed of its own.
        tokens: estimated prompt tokens of all these calls.
    """

    all_answers: JudgeRequest
    exact: bool
    open: tuple[OpenCall, ...] = ()
    orders: tuple[Order, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    planned: int = 0
    tokens: float = 0.0

    @property
    def ids(self) -> list[str]:
        """The ids of the answers that may still be shown to the judge."""
        return [answer.answer_id for answer in self.all_answers.answers if answer.answer_id not in self.set_aside]

    @property
    def listed(self) -> set[str]:
        """Answers that some call ranked or graded."""
        ranked = {each for order in self.orders for group in order.groups for each in group}
        return ranked.union(answer_id for answer_id, _ in self.scores)

    def requests(self) -> list[JudgeRequest]:
        """The open calls."""
        return [call.request for call in self.open]

    def unranked(self) -> dict[str, str]:
        """The reason for each answer that no call ranked or graded."""
        waiting = {answer.answer_id for call in self.open for answer in call.request.answers}
        missing = {each for order in self.orders for each in order.missing}
        listed = self.listed
        reasons: dict[str, str] = {}
        for answer in self.all_answers.answers:
            each = answer.answer_id
            if each in self.set_aside:
                reasons[each] = self.set_aside[each]
            elif each not in listed:
                fallback = NOT_LISTED if each in missing else NOT_YET
                reasons[each] = fallback if each in waiting else self.failures.get(each, fallback)
        return reasons


def no_comparisons(
    *,
    question_id: str,
    question: str,
    answers: Sequence[AnswerView],
    reference: str | None,
    seed: int,
    exact: bool,
) -> Comparisons:
    """The state of a question before the first call. An exact judge gets one call with all answers, if there are several."""
    by_id = tuple(sorted(answers, key=lambda answer: answer.answer_id))
    comparisons = Comparisons(all_answers=JudgeRequest(question_id, question, by_id, reference, seed), exact=exact)
    return with_calls(comparisons, [by_id]) if exact and len(by_id) > 1 else comparisons


def shuffled(comparisons: Comparisons, ids: Iterable[str], *, salt: str) -> list[AnswerView]:
    """The answers with these ids, in an order that the question's seed and ``salt`` decide."""
    wanted = set(ids)
    request = comparisons.all_answers
    answers = [answer for answer in request.answers if answer.answer_id in wanted]
    random.Random(f"{salt}/{request.seed}/{request.question_id}").shuffle(answers)
    return answers


def with_calls(
    comparisons: Comparisons,
    groups: Iterable[Sequence[AnswerView]],
    *,
    mode: Mode = "rank",
    both_orders: bool = False,
    failures: int = 0,
) -> Comparisons:
    """Plan one more judge call for each group.

    Args:
        comparisons: so far.
        groups: the answers of each call; their order does not matter, because the call's own seed decides the order shown.
        mode: ``rank`` or ``score``.
        both_orders: plan each call twice, the second time with the answers in reverse order.
        failures: earlier calls about the same answers that failed.
    """
    open_calls = list(comparisons.open)
    planned, tokens = comparisons.planned, comparisons.tokens
    base = comparisons.all_answers
    for group in groups:
        answers = tuple(sorted(group, key=lambda answer: answer.answer_id))
        rng = random.Random(f"look/{base.seed}/{base.question_id}/{planned}")
        request = replace(base, answers=answers, seed=rng.getrandbits(31), mode=mode)
        requests = [request, replace(request, reverse=True)] if both_orders else [request]
        open_calls.extend(OpenCall(each, failures) for each in requests)
        planned += len(requests)
        tokens += len(requests) * call_tokens(question=base.question, reference=base.reference, answers=answers)
    return replace(comparisons, open=tuple(open_calls), planned=planned, tokens=tokens)
