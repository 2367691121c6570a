"""Updates a question's comparisons with verdicts, and plans what failed calls need.

A call without a ranking is retried once in another shuffle and then dropped; it never affects the order. A refused call is
split until the answer that the judge refuses is isolated.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from thoughtrank.judging.protocol import AnswerView, JudgeRequest, Verdict
from thoughtrank.rankers.comparisons import Comparisons, OpenCall, Order, with_calls

RETRIES = 1
"""Further calls about a group after one that brought no ranking."""

REFUSED = "judge_refused"


def with_verdicts(comparisons: Comparisons, judged: Sequence[tuple[JudgeRequest, Verdict]]) -> Comparisons:
    """The comparisons after these verdicts, with new open calls in place of failed and refused ones."""
    verdicts = dict(judged)
    answered = [(call, verdicts[call.request]) for call in comparisons.open if call.request in verdicts]
    failed: list[tuple[OpenCall, Verdict]] = []
    orders, scores = list(comparisons.orders), list(comparisons.scores)
    for call, verdict in answered:
        if call.request.mode == "score" and _is_grade(verdict, call.request):
            scores.extend(verdict.scores)
        elif call.request.mode == "rank" and _is_ranking(verdict, call.request):
            orders.append(_order(verdict, call.request))
        else:
            failed.append((call, verdict))
    still_open = tuple(call for call in comparisons.open if call.request not in verdicts)
    updated = replace(comparisons, open=still_open, orders=tuple(orders), scores=tuple(scores))
    if not updated.orders and not updated.scores and not still_open and _refuses_question(failed):
        reason = _failure(failed[0][1])
        return replace(updated, open=(), set_aside={answer.answer_id: reason for answer in updated.all_answers.answers})
    for call, verdict in failed:
        updated = _with_follow_up(updated, call, verdict)
    return updated


def _refuses_question(failed: Sequence[tuple[OpenCall, Verdict]]) -> bool:
    """Every call is refused and no answer is in all of them, so the judge refuses the question itself."""
    shown = [{answer.answer_id for answer in call.request.answers} for call, _ in failed]
    refused = all(verdict.status == "refused" for _, verdict in failed)
    return refused and len(shown) > 1 and not set.intersection(*shown)


def _with_follow_up(comparisons: Comparisons, call: OpenCall, verdict: Verdict) -> Comparisons:
    """Plan the calls that a failed call needs, or record why it failed."""
    answers = call.request.answers
    reason = _failure(verdict)
    if verdict.status in ("refused", "too_long"):
        remaining = [answer for answer in answers if answer.answer_id not in comparisons.set_aside]
        accepted = comparisons.listed
        suspects = [answer for answer in remaining if answer.answer_id not in accepted]
        if len(remaining) < len(answers):
            # It showed an answer that is known to be refused.
            return with_calls(comparisons, [remaining], failures=call.failures) if len(remaining) > 1 else comparisons
        parts = _parts(suspects, [each for each in comparisons.all_answers.answers if each.answer_id in accepted])
        if parts and call.request.mode == "rank":
            return with_calls(comparisons, parts, failures=call.failures)
        if suspects:
            set_aside = {**comparisons.set_aside, **{each.answer_id: reason for each in suspects}}
            return replace(comparisons, set_aside=set_aside)
    elif call.failures < RETRIES:
        return with_calls(comparisons, [answers], mode=call.request.mode, failures=call.failures + 1)
    return replace(comparisons, failures={**comparisons.failures, **{answer.answer_id: reason for answer in answers}})


def _parts(suspects: Sequence[AnswerView], accepted: Sequence[AnswerView]) -> list[Sequence[AnswerView]]:
    """Smaller calls that find out which of the suspects the judge refuses; none if there is no smaller one.

    Four or more suspects are halved. Two or three are shown one by one beside an answer that the judge has accepted, or else
    in pairs.
    """
    if len(suspects) < 2:
        return []
    if len(suspects) > 3:
        middle = len(suspects) // 2
        return [suspects[:middle], suspects[middle:]]
    if accepted:
        return [(suspect, accepted[0]) for suspect in suspects]
    return list(combinations(suspects, 2)) if len(suspects) == 3 else []


def _order(verdict: Verdict, request: JudgeRequest) -> Order:
    listed = {answer_id for group in verdict.groups for answer_id in group}
    missing = tuple(answer.answer_id for answer in request.answers if answer.answer_id not in listed)
    shown = verdict.shown if set(verdict.shown) == {answer.answer_id for answer in request.answers} else ()
    return Order(groups=tuple(group for group in verdict.groups if group), missing=missing, shown=shown)


def _is_ranking(verdict: Verdict, request: JudgeRequest) -> bool:
    """It orders at least two of the requested answers, each once, and no others."""
    listed = [answer_id for group in verdict.groups for answer_id in group]
    requested = {answer.answer_id for answer in request.answers}
    unique = len(set(listed)) == len(listed)
    return verdict.status == "ok" and len(listed) >= 2 and unique and requested.issuperset(listed)


def _is_grade(verdict: Verdict, request: JudgeRequest) -> bool:
    """It grades the requested answer, from 1 to 10, and nothing else."""
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
