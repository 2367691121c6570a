"""Fits the strength of each answer to rankings: Plackett-Luce with a Gaussian prior and a position bias.

The strengths ``theta`` are logits: of two answers alone, ``i`` is ranked above ``j`` with odds ``exp(theta_i - theta_j)``. An
order is read from the top: each answer is chosen among itself and all answers below it (Plackett 1975, Luce 1959). Answers of
one tie-group carry no information about each other: each is chosen among itself and the answers of lower groups. With two
answers this is the Bradley-Terry model.

Two more numbers are fitted with the strengths. The *position bias* is added to an answer's strength in proportion to how early
it was shown: plus half of it for the first position, minus half for the last. The *prior standard deviation* is how far apart
the answers of this question are for this judge: a judge that hardly distinguishes them gets a narrow prior, so it yields no
false confidence (empirical Bayes; the fixed point of MacKay 1992, "Bayesian Interpolation", equation 4.9).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

INITIAL_PRIOR_SD = 1.5
"""Standard deviation of strengths, in logits, with which the prior starts."""

INITIAL_PRIOR_WEIGHT = 4.0
"""The prior standard deviation is fitted as if this many further answers were ``INITIAL_PRIOR_SD`` apart."""

POSITION_BIAS_SD = 1.0
"""Standard deviation of the prior over the position bias, in logits; its mean is 0."""

TEMPERING = 0.75
"""Power of the likelihood. Calls about the same answers share the judge's errors, so they carry less information than
independent ones."""

_MAX_STEPS = 25
_MAX_STEP_SIZE = 2.0
_CONVERGED = 0.01
"""Logits. Posterior standard deviations are 0.3 and more, and the step that is this small is still taken."""

_CONVERGED_VARIANCE = 0.01
"""Relative change of the prior's variance in one step."""


@dataclass(frozen=True, slots=True)
class StrengthPosterior:
    """A Gaussian around the most probable strengths (Laplace approximation).

    Attributes:
        mean: strengths, shape (answers,), in logits.
        covariance: shape (answers, answers).
        position_bias: logits between the first and the last position shown.
        prior_sd: standard deviation of the strengths, in logits.
    """

    mean: Floats
    covariance: Floats
    position_bias: float = 0.0
    prior_sd: float = INITIAL_PRIOR_SD


def fit(
    count: int,
    orders: Sequence[Sequence[Sequence[int]]],
    *,
    shown: Sequence[Sequence[int]] | None = None,
    start: StrengthPosterior | None = None,
) -> StrengthPosterior:
    """The posterior of ``count`` answers by Newton's method; the tempered likelihood is log-concave.

    Args:
        count: number of answers.
        orders: each a list of tie-groups of indices, best first.
        shown: for each order the indices in the order in which the judge saw them; an empty list where that is unknown. None:
            unknown for all.
        start: an earlier posterior of the same answers, which saves steps.
    """
    choices = _choice_arrays(count, orders, shown or [()] * len(orders))
    initial = StrengthPosterior(np.zeros(count), np.eye(count)) if start is None else start
    values = np.append(initial.mean, initial.position_bias)
    variance = initial.prior_sd**2
    inverse: Floats = np.eye(count + 1)
    for _ in range(_MAX_STEPS):
        precision = np.full(count + 1, 1 / variance)
        precision[-1] = 1 / POSITION_BIAS_SD**2
        gradient, curvature = _derivatives(values, choices)
        curvature.flat[:: count + 2] += precision
        inverse = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
        step = inverse @ (gradient - precision * values)
        largest = np.abs(step).max()
        values = values + step * min(1.0, _MAX_STEP_SIZE / max(largest, _CONVERGED))
        well_determined = max(0.0, count - (inverse.trace() - inverse[-1, -1]) / variance)
        before, variance = variance, values[:-1] @ values[:-1] + INITIAL_PRIOR_WEIGHT * INITIAL_PRIOR_SD**2
        variance /= well_determined + INITIAL_PRIOR_WEIGHT
        if largest < _CONVERGED and abs(variance / before - 1) < _CONVERGED_VARIANCE:
            break
    return StrengthPosterior(
        mean=values[:-1],
        covariance=inverse[:-1, :-1],
        position_bias=float(values[-1]),
        prior_sd=float(np.sqrt(variance)),
    )


class _ChoiceArrays(NamedTuple):
    """The choices that the orders consist of, and among which answers each was made.

    Attributes:
        rows, columns: of every answer in every choice, its choice and its index, shape (entries,); a choice's are contiguous.
        starts: the first entry of each choice, shape (choices,).
        earliness: how early each was shown: 0.5 first, -0.5 last, 0 unknown, shape (entries,).
        num_answers: of all choices together.
        wins: how often each answer was chosen, and the sum of ``earliness`` over the chosen, shape (answers + 1,).
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    earliness: Floats
    num_answers: int
    wins: Floats


def _derivatives(values: Floats, choices: _ChoiceArrays) -> tuple[Floats, Floats]:
    """Gradient and negative curvature of the tempered log likelihood, shapes (count + 1,) and (count + 1, count + 1)."""
    count = choices.num_answers
    if not len(choices.starts):
        return np.zeros(count + 1), np.zeros((count + 1, count + 1))
    odds = np.exp((values[:-1] - values[:-1].max())[choices.columns] + values[-1] * choices.earliness)
    probability = odds / np.add.reduceat(odds, choices.starts)[choices.rows]
    weighted = probability * choices.earliness
    design = np.zeros((len(choices.starts), count + 1))
    design[choices.rows, choices.columns] = probability
    design[:, -1] = np.add.reduceat(weighted, choices.starts)
    expected = design.sum(axis=0)
    curvature = -(design.T @ design)
    cross = np.bincount(choices.columns, weights=weighted, minlength=count)
    curvature[:-1, -1] += cross
    curvature[-1, :-1] += cross
    curvature.flat[:: count + 2] += expected
    curvature[-1, -1] += weighted @ choices.earliness - expected[-1]
    return TEMPERING * (choices.wins - expected), TEMPERING * curvature


def _choice_arrays(
    count: int, orders: Sequence[Sequence[Sequence[int]]], shown: Sequence[Sequence[int]]
) -> _ChoiceArrays:
    columns: list[int] = []
    earliness: list[float] = []
    sizes: list[int] = []
    winners: list[int] = []
    for groups, seen in zip(orders, shown, strict=True):
        last = max(1, len(seen) - 1)
        bonus_of = {each: 0.5 - position / last for position, each in enumerate(seen)}
        members = [each for group in groups for each in group]
        bonuses = [bonus_of.get(each, 0.0) for each in members]
        below = 0
        for group in groups:
            first, below = below, below + len(group)
            for index in range(first, below if below < len(members) else first):
                columns += [members[index], *members[below:]]
                earliness += [bonuses[index], *bonuses[below:]]
                sizes.append(1 + len(members) - below)
                winners.append(members[index])
    starts = np.cumsum([0, *sizes])[:-1]
    wins = np.zeros(count + 1)
    wins[:-1] = np.bincount(winners, minlength=count) if winners else 0
    wins[-1] = np.array(earliness)[starts].sum() if winners else 0
    return _ChoiceArrays(
        rows=np.repeat(np.arange(len(sizes)), sizes),
        columns=np.array(columns, dtype=np.int64),
        starts=starts,
        earliness=np.array(earliness),
        num_answers=count,
        wins=wins,
    )
