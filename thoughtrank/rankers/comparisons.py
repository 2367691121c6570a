"""What is known about one question: looks that are open, orders that came back, and what failed. All rankers share it.

A look without a ranking is asked once more in another shuffle and then dropped; it never orders anything. A refused look
is split until the answer that the judge will not read stands alone.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Mode, Verdict
from thoughtrank.rankers.token_estimate import look_tokens

RETRIES = 1
"""Looks at a group after the first that brought no ranking."""

REFUSED = "judge_refused"
NOT_LISTED = "not in the judge's ranking"
NOT_YET = "not judged yet"


@dataclass(frozen=True, slots=True)
class OpenLook:
    """A planned look and how often its answers were asked about in vain."""

    request: JudgeRequest
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What one look said.

    Attributes:
        groups: tie-groups of the listed answers, best first.
        missing: the answers it left out.
        shown: all of them in the order in which the judge saw them; empty where it does not say.
    """

    groups: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def tie_groups(self) -> tuple[tuple[str, ...], ...]:
        """The groups with the missing answers behind: below all that are listed, in no order among themselves."""
        return (*self.groups, self.missing) if self.missing else self.groups


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about one question.

    Attributes:
        asked: the question, with all its answers sorted by id, so that nothing depends on the order they came in.
        exact: the judge compares any number of answers at once without error.
        open: looks without a verdict.
        orders: rankings that came back, in the order of the looks.
        scores: grades that came back, in the order of the looks.
        failures: answer id to the reason of the last look at it that was dropped.
        set_aside: answer id to the reason why the judge is not shown it again: it refuses it, or cannot read that much.
        planned: looks planned so far, which makes every seed another one.
        tokens: estimated prompt tokens of all these looks.
    """

    asked: JudgeRequest
    exact: bool
    open: tuple[OpenLook, ...] = ()
    orders: tuple[Order, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    planned: int = 0
    tokens: float = 0.0

    @property
    def ids(self) -> list[str]:
        """The ids of the answers that the judge may still be shown."""
        return [answer.answer_id for answer in self.asked.answers if answer.answer_id not in self.set_aside]

    @property
    def listed(self) -> set[str]:
        """Answers that some look placed or graded."""
        placed = {each for order in self.orders for group in order.groups for each in group}
        return placed.union(answer_id for answer_id, _ in self.scores)

    def requests(self) -> list[JudgeRequest]:
        """The open looks."""
        return [look.request for look in self.open]

    def unranked(self) -> dict[str, str]:
        """Why the answers that no look placed or graded have no rank."""
        waiting = {answer.answer_id for look in self.open for answer in look.request.answers}
        missing = {each for order in self.orders for each in order.missing}
        listed = self.listed
        reasons: dict[str, str] = {}
        for answer in self.asked.answers:
            each = answer.answer_id
            if each in self.set_aside:
                reasons[each] = self.set_aside[each]
            elif each not in listed:
                fallback = NOT_LISTED if each in missing else NOT_YET
                reasons[each] = fallback if each in waiting else self.failures.get(each, fallback)
        return reasons


def begin(
    *,
    question_id: str,
    question: str,
    answers: Sequence[AnswerView],
    reference: str | None,
    seed: int,
    exact: bool,
) -> Evidence:
    """Nothing is known yet."""
    by_id = tuple(sorted(answers, key=lambda answer: answer.answer_id))
    return Evidence(asked=JudgeRequest(question_id, question, by_id, reference, seed), exact=exact)


def shuffled(evidence: Evidence, ids: Iterable[str], *, salt: str) -> list[AnswerView]:
    """The answers with these ids in an order that the question's seed and ``salt`` decide."""
    wanted = set(ids)
    answers = [answer for answer in evidence.asked.answers if answer.answer_id in wanted]
    random.Random(f"{salt}/{evidence.asked.seed}/{evidence.asked.question_id}").shuffle(answers)
    return answers


def with_looks(
    evidence: Evidence,
    groups: Iterable[Sequence[AnswerView]],
    *,
    mode: Mode = "rank",
    reverse: bool = False,
    failures: int = 0,
) -> Evidence:
    """One more open look for each group.

    Args:
        evidence: so far.
        groups: the answers of each look; their order does not matter, for the look's own seed decides what is shown where.
        mode: ``rank`` or ``score``.
        reverse: take each look twice, the second time with the answers in the opposite order.
        failures: looks at the same answers that failed before.
    """
    open_looks = list(evidence.open)
    planned, tokens = evidence.planned, evidence.tokens
    for group in groups:
        answers = tuple(sorted(group, key=lambda answer: answer.answer_id))
        draw = random.Random(f"look/{evidence.asked.seed}/{evidence.asked.question_id}/{planned}")
        request = replace(evidence.asked, answers=answers, seed=draw.getrandbits(31), mode=mode)
        looks = [request, replace(request, reverse=True)] if reverse else [request]
        open_looks.extend(OpenLook(look, failures) for look in looks)
        planned += len(looks)
        tokens += len(looks) * look_tokens(
            question=request.question, reference=request.reference, answers=request.answers
        )
    return replace(evidence, open=tuple(open_looks), planned=planned, tokens=tokens)


def take(evidence: Evidence, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> Evidence:
    """What is known after these verdicts, with new open looks for failed and refused ones."""
    verdicts = dict(judged)
    answered = [(look, verdicts[look.request]) for look in evidence.open if look.request in verdicts]
    failed: list[tuple[OpenLook, Verdict]] = []
    orders, scores = list(evidence.orders), list(evidence.scores)
    for look, verdict in answered:
        if look.request.mode == "score" and _is_grade(verdict, look.request):
            scores.extend(verdict.scores)
        elif look.request.mode == "rank" and _is_ranking(verdict, look.request):
            orders.append(_order(verdict, look.request))
        else:
            failed.append((look, verdict))
    left = tuple(look for look in evidence.open if look.request not in verdicts)
    known = replace(evidence, open=left, orders=tuple(orders), scores=tuple(scores))
    if not known.orders and not known.scores and not left and _refuse_the_question(failed):
        reason = _failure(failed[0][1])
        return replace(known, open=(), set_aside={answer.answer_id: reason for answer in known.asked.answers})
    for look, verdict in failed:
        known = _retried(known, look, verdict)
    return known


def _refuse_the_question(failed: Sequence[tuple[OpenLook, Verdict]]) -> bool:
    """Every look is refused, and no answer is in all of them: it is the question that the judge will not touch."""
    shown = [{answer.answer_id for answer in look.request.answers} for look, _ in failed]
    refused = all(verdict.status == "refused" for _, verdict in failed)
    return refused and len(shown) > 1 and not set.intersection(*shown)


def _retried(evidence: Evidence, look: OpenLook, verdict: Verdict) -> Evidence:
    """Plan what a failed look calls for, or write down why it failed."""
    answers = look.request.answers
    reason = _failure(verdict)
    if verdict.status in ("refused", "too_long"):
        left = [answer for answer in answers if answer.answer_id not in evidence.set_aside]
        harmless = evidence.listed
        suspects = [answer for answer in left if answer.answer_id not in harmless]
        if len(left) < len(answers):
            # It showed an answer that is known to be refused.
            return with_looks(evidence, [left], failures=look.failures) if len(left) > 1 else evidence
        parts = _parts(suspects, [each for each in evidence.asked.answers if each.answer_id in harmless])
        if parts and look.request.mode == "rank":
            return with_looks(evidence, parts, failures=look.failures)
        if suspects:
            return replace(evidence, set_aside={**evidence.set_aside, **{each.answer_id: reason for each in suspects}})
    elif look.failures < RETRIES:
        return with_looks(evidence, [answers], mode=look.request.mode, failures=look.failures + 1)
    return replace(evidence, failures={**evidence.failures, **{answer.answer_id: reason for answer in answers}})


def _parts(suspects: Sequence[AnswerView], harmless: Sequence[AnswerView]) -> list[Sequence[AnswerView]]:
    """Smaller looks that tell which of the suspects the judge refuses; none if there is no smaller one.

    Halves of four or more. Two or three are shown one by one beside an answer that the judge has read, or else in pairs.
    """
    if len(suspects) < 2:
        return []
    if len(suspects) > 3:
        middle = len(suspects) // 2
        return [suspects[:middle], suspects[middle:]]
    if harmless:
        return [(suspect, harmless[0]) for suspect in suspects]
    return list(combinations(suspects, 2)) if len(suspects) == 3 else []


def _order(verdict: Verdict, request: JudgeRequest) -> Order:
    listed = {answer_id for group in verdict.groups for answer_id in group}
    missing = tuple(answer.answer_id for answer in request.answers if answer.answer_id not in listed)
    shown = verdict.shown if set(verdict.shown) == {answer.answer_id for answer in request.answers} else ()
    return Order(groups=tuple(group for group in verdict.groups if group), missing=missing, shown=shown)


def _is_ranking(verdict: Verdict, request: JudgeRequest) -> bool:
    """It orders at least two of the answers asked about, each once, and no other."""
    listed = [answer_id for group in verdict.groups for answer_id in group]
    asked = {answer.answer_id for answer in request.answers}
    return verdict.status == "ok" and len(listed) >= 2 and len(set(listed)) == len(listed) and asked.issuperset(listed)


def _is_grade(verdict: Verdict, request: JudgeRequest) -> bool:
    """It grades the answer asked about, from 1 to 10, and nothing else."""
    ids = [answer_id for answer_id, _ in verdict.scores]
    return (
        verdict.status == "ok"
        and ids == [answer.answer_id for answer in request.answers]
        and all(1 <= grade <= 10 for _, grade in verdict.scores)
    )


def _failure(verdict: Verdict) -> str:
    if verdict.status == "ok":
        return "malformed: the verdict is no ranking of these answers"
    status = REFUSED if verdict.status == "refused" else verdict.status
    return f"{status}: {verdict.reason}" if verdict.reason else status
