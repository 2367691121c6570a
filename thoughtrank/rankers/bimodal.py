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
    found = {}
    for each, looks in places.items():
        shares = [share for _, share in looks]
        if len(looks) >= _LOOKS and max(shares) == 1 and min(shares) <= _NEAR_THE_END:
            contests = [_contests(each, orders[number], shown[number], posterior) for number, _ in looks]
            found[each] = _weighed(contests, np.array(shares) == 1, posterior.prior_sd)
    return found


def _contests(
    each: int, groups: Sequence[Sequence[int]], shown: Sequence[int], posterior: Posterior
) -> list[tuple[float, float]]:
    """The choices that an answer was part of: the strength that all others have together, in logits, and 1 if it was chosen.

    The strength is less the favour that the answer itself had for its place.
    """
    slope = posterior.position_bias / max(1, len(shown) - 1)
    place = {one: number for number, one in enumerate(shown)}
    middle = (len(shown) - 1) / 2

    def favour(one: int) -> float:
        return slope * (middle - place[one]) if one in place else 0.0

    odds = {one: math.exp(posterior.mean[one] + favour(one)) for group in groups for one in group}
    below = sum(odds.values()) - odds[each]
    contests: list[tuple[float, float]] = []
    for group in groups:
        mine = each in group
        below -= sum(odds[one] for one in group if one != each)
        if group is groups[-1]:
            break
        # Those of its own group are no rivals of it, and every other winner of the group is a choice of its own.
        ahead = [below] if mine else [odds[winner] + below for winner in group]
        contests.extend((math.log(max(each_ahead, _TINY)) - favour(each), float(mine)) for each_ahead in ahead)
        if mine:
            break
    return contests


def _weighed(contests: Sequence[Sequence[tuple[float, float]]], first: np.ndarray, prior_sd: float) -> Suspicion:
    """Bayes' rule over a grid of strengths and of shares of the looks in which the judge obeys."""
    strengths = _STRENGTHS * prior_sd
    ahead, won = np.array([one for look in contests for one in look], dtype=float).reshape(-1, 2).T
    margin = (strengths - ahead[:, None]) * (2 * won - 1)[:, None]
    # Log likelihoods, shape (looks, strengths); a look in which all tie has no contest and tells nothing.
    looks = np.zeros((len(contests), len(strengths)))
    np.add.at(looks, np.repeat(np.arange(len(contests)), [len(look) for look in contests]), -np.logaddexp(0, -margin))
    honest = looks.sum(axis=0) + _LOG_PRIOR_OF_STRENGTHS
    obeyed = np.where(first, 0.0, -np.inf)[:, None] + np.log(_SHARES)[:, None, None]
    disobeyed = looks + np.log(1 - _SHARES)[:, None, None]
    fooled = np.logaddexp(obeyed, disobeyed).sum(axis=1) + _LOG_PRIOR_OF_STRENGTHS
    largest = max(honest.max(), fooled.max())  # many long looks would be 0 but for it
    evidence = np.exp(fooled - largest).mean(axis=0)
    total = float(evidence.sum())
    against = float(np.exp(honest - largest).sum())
    weights = np.exp(fooled - fooled.max()).sum(axis=0)
    return Suspicion(
        probability=PRIOR * total / (PRIOR * total + (1 - PRIOR) * against),
        strength=float(weights @ strengths / weights.sum()),
    )
