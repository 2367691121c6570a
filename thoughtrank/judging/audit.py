"""What a judge's own verdicts say about the judge: position, length, order, and how often it does not answer. Pure.

Nothing here changes a rank. A judge that follows positions or lengths still ranks; the figures tell how far to trust it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations

from thoughtrank.evaluation.statistics import mean
from thoughtrank.judging.protocol import JudgeRequest, Verdict

Look = tuple[JudgeRequest, Verdict]


@dataclass(frozen=True, slots=True)
class JudgeAudit:
    """Figures over the looks of one round; None where there was nothing to measure.

    Attributes:
        looks: looks asked for, without those of the audit itself.
        malformed_share, refused_share, failed_share: looks without a verdict; ``failed`` is ``too_long`` and ``error``.
        first_position_share: how often the answer shown first was put first; a tie of n counts 1/n.
        first_position_expected: the same for a judge that does not care about positions.
        length_slope: by how much an answer of twice the length is placed higher, as a share of the whole order; 0 is no slope,
            and a slope may also mean that longer answers are better.
        swap_pairs: pairs of answers ordered both times when a look was taken again in reverse order.
        swap_consistency: share of them that were ordered the same way.
        same_family: judge and generator are of one model family.
    """

    looks: int
    malformed_share: float | None
    refused_share: float | None
    failed_share: float | None
    first_position_share: float | None
    first_position_expected: float | None
    length_slope: float | None
    swap_pairs: int
    swap_consistency: float | None
    same_family: bool

    def line(self) -> str:
        """All of it in one line, for people."""
        parts = [f"{self.looks} looks"]
        if self.swap_consistency is not None:
            parts.append(f"same order after a swap {_percent(self.swap_consistency)} of {self.swap_pairs} pairs")
        if self.first_position_share is not None and self.first_position_expected is not None:
            expected = _percent(self.first_position_expected)
            parts.append(f"first shown is put first {_percent(self.first_position_share)} (even: {expected})")
        if self.length_slope is not None:
            parts.append(f"length slope {self.length_slope:+.2f} per doubling")
        for name, share in (("malformed", self.malformed_share), ("refused", self.refused_share)):
            if share is not None:
                parts.append(f"{name} {_percent(share)}")
        if self.failed_share:
            parts.append(f"failed {_percent(self.failed_share)}")
        if self.same_family:
            parts.append("judge and model are of one family")
        return ", ".join(parts)


def swap_sample(looks: Sequence[Look], *, share: float) -> list[JudgeRequest]:
    """The looks to take again in reverse order: a fixed choice by hash of ``share`` of the rankings, rounded up."""
    rankings = [request for request, verdict in looks if _is_ranking(verdict)]
    rankings.sort(key=lambda request: sha256(f"{request.question_id}/{request.seed}".encode()).digest())
    return [replace(request, reverse=True) for request in rankings[: math.ceil(share * len(rankings))]]


def judge_audit(
    looks: Sequence[Look], swapped: Sequence[Look], *, judge_family: str | None, model_family: str | None
) -> JudgeAudit:
    """The figures of one round.

    Args:
        looks: with their verdicts.
        swapped: those of ``swap_sample``, with theirs.
        judge_family, model_family: as ``model_families.model_family`` says.
    """
    statuses = [verdict.status for _, verdict in looks]
    rankings = [(request, verdict) for request, verdict in looks if _is_ranking(verdict) and verdict.shown]
    firsts = [_put_first(verdict) for _, verdict in rankings]
    agreeing, pairs = _agreement(looks, swapped)
    return JudgeAudit(
        looks=len(looks),
        malformed_share=_share(statuses, "malformed"),
        refused_share=_share(statuses, "refused"),
        failed_share=_share(statuses, "too_long", "error"),
        first_position_share=mean(firsts),
        first_position_expected=mean([1 / len(verdict.shown) for _, verdict in rankings]),
        length_slope=_length_slope(rankings),
        swap_pairs=pairs,
        swap_consistency=agreeing / pairs if pairs else None,
        same_family=judge_family is not None and judge_family == model_family,
    )


def _is_ranking(verdict: Verdict) -> bool:
    return verdict.status == "ok" and sum(map(len, verdict.groups)) > 1


def _put_first(verdict: Verdict) -> float:
    best = verdict.groups[0]
    return 1 / len(best) if verdict.shown[0] in best else 0.0


def _places(verdict: Verdict) -> dict[str, float]:
    """Each listed answer's place from 0 (last) to 1 (first); ties share the middle of theirs."""
    below = sum(map(len, verdict.groups))
    mates = below - 1
    places = {}
    for group in verdict.groups:
        below -= len(group)
        places.update(dict.fromkeys(group, (below + (len(group) - 1) / 2) / mates))
    return places


def _length_slope(rankings: Sequence[Look]) -> float | None:
    """Least squares of place on log2 of length in characters, both centred within each look."""
    covariance = variance = 0.0
    for request, verdict in rankings:
        places = _places(verdict)
        lengths = {
            answer.answer_id: math.log2(1 + len(answer.text))
            for answer in request.answers
            if answer.answer_id in places
        }
        mean_length = sum(lengths.values()) / len(lengths)
        mean_place = sum(places.values()) / len(places)
        for answer_id, length in lengths.items():
            covariance += (length - mean_length) * (places[answer_id] - mean_place)
            variance += (length - mean_length) ** 2
    return covariance / variance if variance else None


def _agreement(looks: Sequence[Look], swapped: Sequence[Look]) -> tuple[int, int]:
    """Pairs ordered the same way by a look and its reversed twin, and pairs ordered by both."""
    first = {replace(request, reverse=True): verdict for request, verdict in looks if _is_ranking(verdict)}
    agreeing = pairs = 0
    for request, verdict in swapped:
        if not _is_ranking(verdict) or request not in first:
            continue
        before, after = _places(first[request]), _places(verdict)
        for one, other in combinations(sorted(before.keys() & after.keys()), 2):
            order, again = before[one] - before[other], after[one] - after[other]
            if order and again:
                pairs += 1
                agreeing += (order > 0) == (again > 0)
    return agreeing, pairs


def _share(statuses: Sequence[str], *wanted: str) -> float | None:
    return mean([float(status in wanted) for status in statuses])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
