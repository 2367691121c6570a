"""Measures a judge's biases from its own verdicts: position, length, consistency, and how often it fails. Pure.

Nothing here changes a rank: the figures show how far to trust the judge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations

from thoughtrank.evaluation.statistics import mean
from thoughtrank.judging.protocol import JudgeRequest, Verdict

JudgedCall = tuple[JudgeRequest, Verdict]


@dataclass(frozen=True, slots=True)
class JudgeAudit:
    """Figures over the judge calls of one round; None where there was nothing to measure.

    Attributes:
        looks: number of calls, without those of the audit itself.
        malformed_share, refused_share, failed_share: fractions without a verdict; ``failed`` is ``too_long`` and ``error``.
        first_position_share: how often the answer shown first was ranked first; a tie of n counts 1/n.
        first_position_expected: the same for a judge without position bias.
        length_slope: by how much an answer of twice the length is ranked higher, as a fraction of the whole order; 0 is no
            slope, and a slope may also mean that longer answers are better.
        swap_pairs: pairs of answers that were ordered both times when a call was repeated in reverse order.
        swap_consistency: fraction of them that were ordered the same way.
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
        """All figures in one line."""
        parts = [f"{self.looks} judge calls"]
        if self.swap_consistency is not None:
            parts.append(f"same order after a swap {_percent(self.swap_consistency)} of {self.swap_pairs} pairs")
        if self.first_position_share is not None and self.first_position_expected is not None:
            expected = _percent(self.first_position_expected)
            parts.append(f"first shown is ranked first {_percent(self.first_position_share)} (unbiased: {expected})")
        if self.length_slope is not None:
            parts.append(f"length slope {self.length_slope:+.2f} per doubling")
        for name, fraction in (("malformed", self.malformed_share), ("refused", self.refused_share)):
            if fraction is not None:
                parts.append(f"{name} {_percent(fraction)}")
        if self.failed_share:
            parts.append(f"failed {_percent(self.failed_share)}")
        if self.same_family:
            parts.append("judge and model are of one family")
        return ", ".join(parts)


def swap_sample(calls: Sequence[JudgedCall], *, fraction: float) -> list[JudgeRequest]:
    """The calls to repeat in reverse order: ``fraction`` of the rankings, rounded up, chosen by hash."""
    rankings = [request for request, verdict in calls if _is_ranking(verdict)]
    rankings.sort(key=lambda request: sha256(f"{request.question_id}/{request.seed}".encode()).digest())
    return [replace(request, reverse=True) for request in rankings[: math.ceil(fraction * len(rankings))]]


def judge_audit(
    calls: Sequence[JudgedCall], swapped: Sequence[JudgedCall], *, judge_family: str | None, model_family: str | None
) -> JudgeAudit:
    """The figures of one round.

    Args:
        calls: of the round, with their verdicts.
        swapped: those of ``swap_sample``, with theirs.
        judge_family, model_family: see ``model_families.model_family``.
    """
    statuses = [verdict.status for _, verdict in calls]
    rankings = [(request, verdict) for request, verdict in calls if _is_ranking(verdict) and verdict.shown]
    firsts = [_ranked_first(verdict) for _, verdict in rankings]
    agreeing, pairs = _agreement(calls, swapped)
    return JudgeAudit(
        looks=len(calls),
        malformed_share=_fraction(statuses, "malformed"),
        refused_share=_fraction(statuses, "refused"),
        failed_share=_fraction(statuses, "too_long", "error"),
        first_position_share=mean(firsts),
        first_position_expected=mean([1 / len(verdict.shown) for _, verdict in rankings]),
        length_slope=_length_slope(rankings),
        swap_pairs=pairs,
        swap_consistency=agreeing / pairs if pairs else None,
        same_family=judge_family is not None and judge_family == model_family,
    )


def _is_ranking(verdict: Verdict) -> bool:
    return verdict.status == "ok" and sum(map(len, verdict.groups)) > 1


def _ranked_first(verdict: Verdict) -> float:
    best = verdict.groups[0]
    return 1 / len(best) if verdict.shown[0] in best else 0.0


def _relative_ranks(verdict: Verdict) -> dict[str, float]:
    """Each listed answer's rank from 0 (last) to 1 (first); tied answers get their mean."""
    below = sum(map(len, verdict.groups))
    others = below - 1
    ranks = {}
    for group in verdict.groups:
        below -= len(group)
        ranks.update(dict.fromkeys(group, (below + (len(group) - 1) / 2) / others))
    return ranks


def _length_slope(rankings: Sequence[JudgedCall]) -> float | None:
    """Least squares of rank on log2 of length in characters, both centred within each call."""
    covariance = variance = 0.0
    for request, verdict in rankings:
        ranks = _relative_ranks(verdict)
        lengths = {
            answer.answer_id: math.log2(1 + len(answer.text)) for answer in request.answers if answer.answer_id in ranks
        }
        mean_length = sum(lengths.values()) / len(lengths)
        mean_rank = sum(ranks.values()) / len(ranks)
        for answer_id, length in lengths.items():
            covariance += (length - mean_length) * (ranks[answer_id] - mean_rank)
            variance += (length - mean_length) ** 2
    return covariance / variance if variance else None


def _agreement(calls: Sequence[JudgedCall], swapped: Sequence[JudgedCall]) -> tuple[int, int]:
    """Pairs ordered the same way by a call and its repetition in reverse, and pairs ordered by both."""
    first = {replace(request, reverse=True): verdict for request, verdict in calls if _is_ranking(verdict)}
    agreeing = pairs = 0
    for request, verdict in swapped:
        if not _is_ranking(verdict) or request not in first:
            continue
        before, after = _relative_ranks(first[request]), _relative_ranks(verdict)
        for one, other in combinations(sorted(before.keys() & after.keys()), 2):
            order, again = before[one] - before[other], after[one] - after[other]
            if order and again:
                pairs += 1
                agreeing += (order > 0) == (again > 0)
    return agreeing, pairs


def _fraction(statuses: Sequence[str], *wanted: str) -> float | None:
    return mean([float(status in wanted) for status in statuses])


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
