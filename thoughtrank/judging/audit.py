"""Measures a judge's biases from its own verdicts: position, length, consistency, and how often it fails. Pure.

Nothing here changes a rank: the figures show how far to trust the judge.
"""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from thoughtrank.judging.protocol import JudgeRequest, Status, Verdict


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


class AuditTotals:
    """Sums over the judge calls of one round, from which the figures follow: no call is kept."""

    def __init__(self) -> None:
        self._statuses: Counter[Status] = Counter()
        self._rankings = 0
        self._first = self._first_expected = 0.0
        self._covariance = self._variance = 0.0
        self._pairs = self._agreeing = 0

    def add(self, request: JudgeRequest, verdict: Verdict) -> None:
        """Count a call of the round."""
        self._statuses[verdict.status] += 1
        if not (is_ranking(verdict) and verdict.shown):
            return
        self._rankings += 1
        self._first += _ranked_first(verdict)
        self._first_expected += 1 / len(verdict.shown)
        covariance, variance = _rank_with_length(request, verdict)
        self._covariance += covariance
        self._variance += variance

    def add_swapped(self, before: Verdict, after: Verdict) -> None:
        """Count two verdicts on one ranking, the second one with the answers in reverse order."""
        if is_ranking(after):
            agreeing, pairs = _agreement(before, after)
            self._agreeing += agreeing
            self._pairs += pairs

    def figures(self, *, judge_family: str | None, model_family: str | None) -> JudgeAudit:
        """The figures of what was added.

        Args:
            judge_family, model_family: see ``model_families.model_family``.
        """
        return JudgeAudit(
            looks=self._statuses.total(),
            malformed_share=self._fraction("malformed"),
            refused_share=self._fraction("refused"),
            failed_share=self._fraction("too_long", "error"),
            first_position_share=self._first / self._rankings if self._rankings else None,
            first_position_expected=self._first_expected / self._rankings if self._rankings else None,
            length_slope=self._covariance / self._variance if self._variance else None,
            swap_pairs=self._pairs,
            swap_consistency=self._agreeing / self._pairs if self._pairs else None,
            same_family=judge_family is not None and judge_family == model_family,
        )

    def _fraction(self, *statuses: Status) -> float | None:
        calls = self._statuses.total()
        return sum(self._statuses[each] for each in statuses) / calls if calls else None


def is_ranking(verdict: Verdict) -> bool:
    """Whether it orders two answers or more, possibly as equal."""
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


def _rank_with_length(request: JudgeRequest, verdict: Verdict) -> tuple[float, float]:
    """Covariance of rank with log2 of the length in characters, and variance of the latter, times the number of answers.

    Their sums over all calls give the least-squares slope with both centred within each call.
    """
    ranks = _relative_ranks(verdict)
    lengths = {
        answer.answer_id: math.log2(1 + len(answer.text)) for answer in request.answers if answer.answer_id in ranks
    }
    mean_length = sum(lengths.values()) / len(lengths)
    mean_rank = sum(ranks.values()) / len(ranks)
    covariance = sum((length - mean_length) * (ranks[answer_id] - mean_rank) for answer_id, length in lengths.items())
    return covariance, sum((length - mean_length) ** 2 for length in lengths.values())


def _agreement(first: Verdict, second: Verdict) -> tuple[int, int]:
    """Pairs ordered the same way by both verdicts, and pairs ordered by both."""
    agreeing = pairs = 0
    before, after = _relative_ranks(first), _relative_ranks(second)
    for one, other in combinations(sorted(before.keys() & after.keys()), 2):
        order, again = before[one] - before[other], after[one] - after[other]
        if order and again:
            pairs += 1
            agreeing += (order > 0) == (again > 0)
    return agreeing, pairs


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
