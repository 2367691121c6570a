"""Answers that beat everybody in some looks and lose badly in others: what an instruction to the judge looks like.

Two explanations of an answer's looks are weighed against each other. *Honest*: one strength explains all its places, as the
Plackett-Luce model has it. *Fooled*: in an unknown share of the looks the judge did as it was told and put the answer first,
whatever it is worth; one (lower) strength explains the other looks. The strengths of the other answers are taken as fitted, for
whom the judge chose among them does not depend on this answer (Luce's axiom).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thoughtrank.rankers.plackett_luce import Posterior

BIMODAL = "bimodal ranks: first in some looks, near the end in others"

PRIOR = 0.02
"""Share of answers that fool the judge now and then, before anything is known."""

FLAGGED_FROM = 0.5
"""Probability that an answer fools the judge."""

_LOOKS = 3
_MATES = 3
"""Looks at an answer, and mates in each of them, before anything is said about it; to lose a pair is not to be near the end."""

_NEAR_THE_END = 0.35
"""Share of its mates that an answer beats in its worst look; one that is never that low is not weighed, to save time."""

_STRENGTHS = np.linspace(-3, 3, 31)
"""In standard deviations of the prior."""

_LOG_PRIOR_OF_STRENGTHS = -(_STRENGTHS**2) / 2

_TINY = 1e-12
"""Odds; what is left of a sum after rounding."""

_SHARES = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
"""Of looks in which the judge obeys, each as likely as the others."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Of one answer: the probability that it fools the judge, and the strength it has in that case, in logits."""

    probability: float
    strength: float


def suspicions(
    orders: Sequence[Sequence[Sequence[int]]], *, shown: Sequence[Sequence[int]], posterior: Posterior
) -> dict[int, Suspicion]:
    """The answers with mixed ranks, by index.

    Args:
        orders: each a list of tie-groups of indices, best first.
        shown: for each order the indices as the judge saw them; an empty list where nobody knows.
        posterior: from these orders.
    """
    places: dict[int, list[tuple[int, float]]] = {}
    for number, groups in enumerate(orders):
        above, count = 0, sum(map(len, groups))
        for group in groups if count > _MATES else ():
            for each in group:
                share = (count - above - 1 - (len(group) - 1) / 2) / (count - 1)
                places.setdefault(each, []).append((number, share))
            above += len(group)
    mixed = [each for each, looks in places.items() if _is_mixed([share for _, share in looks])]
    if not mixed:
        return {}
    numbers = {number for each in mixed for number, _ in places[each]}
    choices = {number: _choices(orders[number], shown[number], posterior) for number in numbers}
    contests = [[choices[number].contests(each) for number, _ in places[each]] for each in mixed]
    first = [share == 1 for each in mixed for _, share in places[each]]
    found = _weighed(contests, first=np.array(first), prior_sd=posterior.prior_sd)
    return dict(zip(mixed, found, strict=True))


def _is_mixed(shares: Sequence[float]) -> bool:
    return len(shares) >= _LOOKS and max(shares) == 1 and min(shares) <= _NEAR_THE_END


@dataclass(frozen=True, slots=True)
class _Choices:
    """The choices that one look made, from the top.

    Attributes:
        favour: of each answer, what its place among the shown ones was worth, in logits.
        odds: of each answer, with that favour.
        winners: each chosen answer, with its group's number and the odds of all it was chosen among, itself included; none of
            the last group, whose answers were left over.
        group: of each answer, the number.
    """

    favour: dict[int, float]
    odds: dict[int, float]
    winners: list[tuple[int, int, float]]
    group: dict[int, int]

    def contests(self, each: int) -> list[tuple[float, float]]:
        """The choices that an answer was part of: the strength of all others together, in logits, and 1 if it was chosen.

        The strength is less the favour that the answer itself had for its place. Those of its own group are no rivals of it,
        and every winner of a higher group is a choice of its own.
        """
        mine, own, favour = self.odds[each], self.group[each], self.favour[each]
        return [
            (math.log(max(total - mine, _TINY)) - favour, float(winner == each))
            for winner, group, total in self.winners
            if group < own or winner == each
        ]


def _choices(groups: Sequence[Sequence[int]], shown: Sequence[int], posterior: Posterior) -> _Choices:
    slope = posterior.position_bias / max(1, len(shown) - 1)
    middle = (len(shown) - 1) / 2
    place = {one: number for number, one in enumerate(shown)}
    group = {one: number for number, members in enumerate(groups) for one in members}
    favour = {one: slope * (middle - place[one]) if one in place else 0.0 for one in group}
    odds = {one: math.exp(posterior.mean[one] + favour[one]) for one in group}
    winners: list[tuple[int, int, float]] = []
    below = sum(odds[one] for one in groups[-1])
    for number in range(len(groups) - 2, -1, -1):
        winners.extend((one, number, odds[one] + below) for one in groups[number])
        below += sum(odds[one] for one in groups[number])
    return _Choices(favour=favour, odds=odds, winners=winners, group=group)


def _weighed(
    contests: Sequence[Sequence[Sequence[tuple[float, float]]]], *, first: np.ndarray, prior_sd: float
) -> list[Suspicion]:
    """Bayes' rule over a grid of strengths and of shares of the looks in which the judge obeys.

    Args:
        contests: of each answer, of each of its looks.
        first: of each look of each answer in turn, whether it was put first, shape (looks of all answers,).
        prior_sd: standard deviation of strengths, in logits.
    """
    strengths = _STRENGTHS * prior_sd
    every_look = [look for looks in contests for look in looks]
    ahead, won = np.array([one for look in every_look for one in look], dtype=float).reshape(-1, 2).T
    margin = (strengths - ahead[:, None]) * (2 * won - 1)[:, None]
    # Log likelihoods, shape (looks, strengths); a look in which all tie has no contest and tells nothing.
    looks = np.zeros((len(every_look), len(strengths)))
    lengths = np.array([len(look) for look in every_look])
    if len(margin):
        starts = (np.cumsum(lengths) - lengths)[lengths > 0]
        looks[lengths > 0] = np.add.reduceat(-np.log1p(np.exp(-margin)), starts)
    begins = np.cumsum([0, *(len(each) for each in contests[:-1])])
    honest = np.add.reduceat(looks, begins) + _LOG_PRIOR_OF_STRENGTHS
    # Shape (looks, shares, strengths): in a look in which it is not the first the judge did not obey.
    either = looks[:, None] + np.log(1 - _SHARES)[:, None]
    either[first] = np.log(_SHARES[:, None] + np.exp(either[first]))
    fooled = np.add.reduceat(either, begins) + _LOG_PRIOR_OF_STRENGTHS
    largest = np.maximum(honest.max(axis=1), fooled.max(axis=(1, 2)))  # many long looks would be 0 but for it
    total = np.exp(fooled - largest[:, None, None]).mean(axis=1).sum(axis=1)
    against = np.exp(honest - largest[:, None]).sum(axis=1)
    weights = np.exp(fooled - fooled.max(axis=(1, 2))[:, None, None]).sum(axis=1)
    probability = PRIOR * total / (PRIOR * total + (1 - PRIOR) * against)
    strength = weights @ strengths / weights.sum(axis=1)
    return [Suspicion(*map(float, each)) for each in zip(probability, strength, strict=True)]
