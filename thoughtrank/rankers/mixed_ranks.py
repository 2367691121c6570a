"""Detects answers that are ranked first in some judge calls and near the end in others, as a prompt injection would cause.

Two explanations of an answer's ranks are compared. *Honest*: one strength explains all of them, as in the Plackett-Luce model.
*Injection*: in an unknown fraction of the calls the judge obeyed and put the answer first, whatever its quality; one (lower)
strength explains the other calls. The strengths of the other answers are taken as fitted, because whom the judge chose among
them does not depend on this answer (Luce's choice axiom).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thoughtrank.rankers.plackett_luce import StrengthPosterior

MIXED_RANKS = "mixed ranks: first in some judge calls, near the end in others"
"""The flag as tables store it."""

PRIOR = 0.02
"""Fraction of answers that are assumed to fool the judge now and then, before any call."""

FLAG_THRESHOLD = 0.5
"""Probability that an answer fools the judge from which it is flagged."""

_MIN_CALLS = 3
_MIN_OTHERS = 3
"""Calls about an answer, and other answers in each of them, before it is tested: losing a pair is not being near the end."""

_NEAR_THE_END = 0.35
"""Fraction of the others that an answer beats in its worst call; one that is never that low is not tested, to save time."""

_STRENGTHS = np.linspace(-3, 3, 31)
"""Grid, in standard deviations of the prior."""

_LOG_STRENGTH_PRIOR = -(_STRENGTHS**2) / 2

_TINY = 1e-12
"""Odds; a remainder this small is rounding."""

_OBEYED_FRACTIONS = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
"""Of the calls in which the judge obeys, each equally likely."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Of one answer: the probability that it fools the judge, and its strength in that case, in logits."""

    probability: float
    strength: float


def suspicions(
    orders: Sequence[Sequence[Sequence[int]]], *, shown: Sequence[Sequence[int]], posterior: StrengthPosterior
) -> dict[int, Suspicion]:
    """The answers with mixed ranks, by index.

    Args:
        orders: each a list of tie-groups of indices, best first.
        shown: for each order the indices in the order in which the judge saw them; an empty list where that is unknown.
        posterior: fitted to these orders.
    """
    ranks: dict[int, list[tuple[int, float]]] = {}
    for number, groups in enumerate(orders):
        above, count = 0, sum(map(len, groups))
        for group in groups if count > _MIN_OTHERS else ():
            for each in group:
                beaten = (count - above - 1 - (len(group) - 1) / 2) / (count - 1)
                ranks.setdefault(each, []).append((number, beaten))
            above += len(group)
    mixed = [each for each, calls in ranks.items() if _is_mixed([beaten for _, beaten in calls])]
    if not mixed:
        return {}
    numbers = {number for each in mixed for number, _ in ranks[each]}
    choices = {number: _choices(orders[number], shown[number], posterior) for number in numbers}
    contests = [[choices[number].contests(each) for number, _ in ranks[each]] for each in mixed]
    first = [beaten == 1 for each in mixed for _, beaten in ranks[each]]
    found = _posterior_suspicions(contests, first=np.array(first), prior_sd=posterior.prior_sd)
    return dict(zip(mixed, found, strict=True))


def _is_mixed(beaten: Sequence[float]) -> bool:
    return len(beaten) >= _MIN_CALLS and max(beaten) == 1 and min(beaten) <= _NEAR_THE_END


@dataclass(frozen=True, slots=True)
class _CallChoices:
    """The choices that one call consists of, from the top.

    Attributes:
        bonus: of each answer what its position was worth, in logits.
        odds: of each answer, bonus included.
        winners: each chosen answer, with its group's number and the odds of all it was chosen among, itself included; none of
            the last group, whose answers were left over.
        group: of each answer its group's number.
    """

    bonus: dict[int, float]
    odds: dict[int, float]
    winners: list[tuple[int, int, float]]
    group: dict[int, int]

    def contests(self, each: int) -> list[tuple[float, float]]:
        """The choices that an answer was part of: the strength of all others together, in logits, and 1 if it was chosen.

        The answer's own position bonus is subtracted from that strength. Answers of its own group are not its rivals, and every
        winner of a higher group is a choice of its own.
        """
        odds, own_group, bonus = self.odds[each], self.group[each], self.bonus[each]
        return [
            (math.log(max(total - odds, _TINY)) - bonus, float(winner == each))
            for winner, group, total in self.winners
            if group < own_group or winner == each
        ]


def _choices(groups: Sequence[Sequence[int]], shown: Sequence[int], posterior: StrengthPosterior) -> _CallChoices:
    slope = posterior.position_bias / max(1, len(shown) - 1)
    middle = (len(shown) - 1) / 2
    position = {each: index for index, each in enumerate(shown)}
    group = {each: number for number, members in enumerate(groups) for each in members}
    bonus = {each: slope * (middle - position[each]) if each in position else 0.0 for each in group}
    odds = {each: math.exp(posterior.mean[each] + bonus[each]) for each in group}
    winners: list[tuple[int, int, float]] = []
    below = sum(odds[each] for each in groups[-1])
    for number in range(len(groups) - 2, -1, -1):
        winners.extend((each, number, odds[each] + below) for each in groups[number])
        below += sum(odds[each] for each in groups[number])
    return _CallChoices(bonus=bonus, odds=odds, winners=winners, group=group)


def _posterior_suspicions(
    contests: Sequence[Sequence[Sequence[tuple[float, float]]]], *, first: np.ndarray, prior_sd: float
) -> list[Suspicion]:
    """Bayes' rule over a grid of strengths and of fractions of the calls in which the judge obeys.

    Args:
        contests: of each answer, of each of its calls.
        first: of each call of each answer in turn, whether the answer was put first, shape (calls of all answers,).
        prior_sd: standard deviation of strengths, in logits.
    """
    strengths = _STRENGTHS * prior_sd
    per_call = _call_log_likelihoods([call for calls in contests for call in calls], strengths)
    starts = np.cumsum([0, *(len(each) for each in contests[:-1])])
    honest = np.add.reduceat(per_call, starts) + _LOG_STRENGTH_PRIOR
    # Shape (calls, fractions, strengths): in a call in which the answer is not first the judge did not obey.
    either = per_call[:, None] + np.log(1 - _OBEYED_FRACTIONS)[:, None]
    either[first] = np.log(_OBEYED_FRACTIONS[:, None] + np.exp(either[first]))
    fooled = np.add.reduceat(either, starts) + _LOG_STRENGTH_PRIOR
    largest = np.maximum(honest.max(axis=1), fooled.max(axis=(1, 2)))  # keeps many long calls from underflowing to 0
    for_fooled = np.exp(fooled - largest[:, None, None]).mean(axis=1).sum(axis=1)
    for_honest = np.exp(honest - largest[:, None]).sum(axis=1)
    weights = np.exp(fooled - fooled.max(axis=(1, 2))[:, None, None]).sum(axis=1)
    probability = PRIOR * for_fooled / (PRIOR * for_fooled + (1 - PRIOR) * for_honest)
    strength = weights @ strengths / weights.sum(axis=1)
    return [Suspicion(*map(float, each)) for each in zip(probability, strength, strict=True)]


def _call_log_likelihoods(calls: Sequence[Sequence[tuple[float, float]]], strengths: np.ndarray) -> np.ndarray:
    """Log likelihood of each call for each strength, shape (calls, strengths); 0 for a call in which all answers tie."""
    rivals, won = np.array([contest for call in calls for contest in call], dtype=float).reshape(-1, 2).T
    margin = (strengths - rivals[:, None]) * (2 * won - 1)[:, None]
    found = np.zeros((len(calls), len(strengths)))
    lengths = np.array([len(call) for call in calls])
    if len(margin):
        starts = (np.cumsum(lengths) - lengths)[lengths > 0]
        found[lengths > 0] = np.add.reduceat(-np.log1p(np.exp(-margin)), starts)
    return found
