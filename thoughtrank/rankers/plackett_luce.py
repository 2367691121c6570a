"""From orders to a posterior over the strength of each answer: Plackett-Luce with a Gaussian prior and a position bias.

The strengths ``theta`` are logits: of two answers, one alone, ``i`` is put before ``j`` with odds ``exp(theta_i - theta_j)``.
An order is read from the top: each answer is chosen among itself and all answers below it (Plackett 1975, Luce 1959).
Answers of one tie-group say nothing about each other: each is chosen among itself and the answers of lower groups. With
two answers this is the model of Bradley and Terry.

Two more numbers are fitted with the strengths. The *position bias* is added to the strength of an answer in proportion to how
early it was shown: half of it for the first place, minus half for the last. The *prior's standard deviation* is how far the
answers of this question are apart under this judge; a judge that hardly tells them apart gets a narrow prior, and so no
false confidence (empirical Bayes; the fixed point of MacKay 1992, "Bayesian Interpolation", equation 4.9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Draws = npt.NDArray[np.float32]
"""Single precision: half the time, and arrays of more than 128 KiB cost more to get from the system than to fill."""

USUAL_SD = 1.5
"""Standard deviation of strengths, in logits, that the prior begins with."""

USUAL_SD_COUNTS = 4.0
"""The fitted standard deviation starts from this many answers that are ``USUAL_SD`` apart."""

POSITION_BIAS_SD = 1.0
"""Standard deviation of the prior over the position bias, in logits; its mean is 0."""

TEMPERING = 0.75
"""Power of the likelihood. Looks at the same answers share the judge's errors, so they tell less than independent ones."""

OWN_ERROR = 0.3
"""What a judge sees in an answer in all of its looks and is wrong about, as a share of the standard deviation of strengths."""

_STEPS = 25
_LARGEST_STEP = 2.0
_CONVERGED = 0.01
"""Logits. Posterior standard deviations are 0.3 and more, and the step that is this small is still taken."""

_CONVERGED_VARIANCE = 0.01
"""Relative change of the prior's variance in one step."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Gaussian around the most probable strengths (Laplace's approximation).

    Attributes:
        mean: strengths, shape (answers,), in logits.
        covariance: shape (answers, answers).
        position_bias: logits between the first and the last place shown.
        prior_sd: standard deviation of the strengths, in logits.
    """

    mean: Floats
    covariance: Floats
    position_bias: float = 0.0
    prior_sd: float = USUAL_SD

    def draws(self, count: int, *, among: Sequence[int], seed: int) -> Draws:
        """Strengths of some answers drawn from the posterior, shape (count, len(among)); the same for the same seed.

        Every second draw is the mirror image of another (antithetic), which halves the work and steadies the means; so
        ``count`` is even.
        """
        normal = np.random.default_rng(seed).standard_normal((count // 2, len(among)), dtype=np.float32)
        root = np.linalg.cholesky(self.covariance[np.ix_(among, among)]).astype(np.float32)
        return self.mean[among].astype(np.float32) + _mirrored(normal @ root.T)


@dataclass(frozen=True, slots=True)
class BestAnswer:
    """What a posterior says about which answer is best.

    Attributes:
        p_top: probability of each answer to be the best, shape (among,).
        p_top_judged: the same where the judge's own error counts as quality: what more looks can find out, shape (among,).
        expected_regret: how much better than the leader the best one is expected to be, in standard deviations of quality,
            where the judge's own error counts as quality.
    """

    p_top: Floats
    p_top_judged: Floats
    expected_regret: float


def fit(
    count: int,
    orders: Sequence[Sequence[Sequence[int]]],
    *,
    shown: Sequence[Sequence[int]] | None = None,
    start: Posterior | None = None,
) -> Posterior:
    """The posterior of ``count`` answers, by Newton's method; the tempered likelihood is log-concave.

    Args:
        count: number of answers.
        orders: each a list of tie-groups of indices, best first.
        shown: for each order the indices as the judge saw them; an empty list where nobody knows. None: nobody knows any.
        start: an earlier posterior, which saves steps.
    """
    choices = _choices(count, orders, shown or [()] * len(orders))
    begin = Posterior(np.zeros(count), np.eye(count)) if start is None else start
    values = np.append(begin.mean, begin.position_bias)
    variance = begin.prior_sd**2
    inverse: Floats = np.eye(count + 1)
    for _ in range(_STEPS):
        precision = np.full(count + 1, 1 / variance)
        precision[-1] = 1 / POSITION_BIAS_SD**2
        gradient, curvature = _slopes(values, choices)
        curvature.flat[:: count + 2] += precision
        inverse = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
        step = inverse @ (gradient - precision * values)
        largest = np.abs(step).max()
        values = values + step * min(1.0, _LARGEST_STEP / max(largest, _CONVERGED))
        told = max(0.0, count - (inverse.trace() - inverse[-1, -1]) / variance)
        before, variance = variance, values[:-1] @ values[:-1] + USUAL_SD_COUNTS * USUAL_SD**2
        variance /= told + USUAL_SD_COUNTS
        if largest < _CONVERGED and abs(variance / before - 1) < _CONVERGED_VARIANCE:
            break
    return Posterior(
        mean=values[:-1],
        covariance=inverse[:-1, :-1],
        position_bias=float(values[-1]),
        prior_sd=float(np.sqrt(variance)),
    )


def best_answer(
    posterior: Posterior,
    *,
    among: Sequence[int],
    leader: int | None,
    lowered: Mapping[int, tuple[float, float]] | None = None,
    seed: int,
    draws: int = 500,
) -> BestAnswer:
    """Which answer is best, by drawing strengths from the posterior.

    Args:
        posterior: of all answers.
        among: indices of the answers that count.
        leader: the one of them that would be taken for the best now; None while there is none.
        lowered: of answers that may be worth less than their looks say, the probability of that and their strength then.
        seed: of the draws.
        draws: how many, an even number.
    """
    if leader is None:
        even = np.full(len(among), 1 / max(1, len(among)))
        return BestAnswer(p_top=even, p_top_judged=even, expected_regret=np.inf)
    judged = posterior.draws(draws, among=among, seed=seed)
    place = {each: column for column, each in enumerate(among)}
    rng = np.random.default_rng([seed, 1])
    for each, (probability, strength) in (lowered or {}).items():
        if each in place:
            judged[rng.random(draws) < probability, place[each]] = strength
    error = _mirrored(rng.standard_normal((draws // 2, len(among)), dtype=np.float32))
    error *= np.float32(OWN_ERROR * posterior.prior_sd)
    top = judged.argmax(axis=1)
    regret = float((judged[np.arange(draws), top] - judged[:, place[leader]]).mean())
    error += judged
    return BestAnswer(
        p_top=_shares(error.argmax(axis=1), len(among)),
        p_top_judged=_shares(top, len(among)),
        expected_regret=regret / posterior.prior_sd,
    )


def _mirrored(sample: Draws) -> Draws:
    return np.concatenate([sample, -sample])


def _shares(firsts: npt.NDArray[np.int64], count: int) -> Floats:
    """How often each of ``count`` columns is the largest of its row, shape (count,)."""
    return np.bincount(firsts, minlength=count) / len(firsts)


class _Choices(NamedTuple):
    """What the orders tell: each choice and among whom.

    Attributes:
        rows, columns: of every answer in every choice, its choice and its index, shape (entries,); a choice's are together.
        starts: the first entry of each choice, shape (choices,).
        early: how early each was shown: 0.5 first, -0.5 last, 0 unknown, shape (entries,).
        num_answers: of all choices together.
        wins: how often each answer was chosen, and the sum of ``early`` over the chosen, shape (answers + 1,).
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    early: Floats
    num_answers: int
    wins: Floats


def _slopes(values: Floats, choices: _Choices) -> tuple[Floats, Floats]:
    """Gradient and negative curvature of the tempered log likelihood, shapes (count + 1,) and (count + 1, count + 1)."""
    count = choices.num_answers
    if not len(choices.starts):
        return np.zeros(count + 1), np.zeros((count + 1, count + 1))
    odds = np.exp((values[:-1] - values[:-1].max())[choices.columns] + values[-1] * choices.early)
    share = odds / np.add.reduceat(odds, choices.starts)[choices.rows]
    weighted = share * choices.early
    design = np.zeros((len(choices.starts), count + 1))
    design[choices.rows, choices.columns] = share
    design[:, -1] = np.add.reduceat(weighted, choices.starts)
    expected = design.sum(axis=0)
    curvature = -(design.T @ design)
    cross = np.bincount(choices.columns, weights=weighted, minlength=count)
    curvature[:-1, -1] += cross
    curvature[-1, :-1] += cross
    curvature.flat[:: count + 2] += expected
    curvature[-1, -1] += weighted @ choices.early - expected[-1]
    return TEMPERING * (choices.wins - expected), TEMPERING * curvature


def _choices(count: int, orders: Sequence[Sequence[Sequence[int]]], shown: Sequence[Sequence[int]]) -> _Choices:
    columns: list[int] = []
    early: list[float] = []
    sizes: list[int] = []
    winners: list[int] = []
    for groups, seen in zip(orders, shown, strict=True):
        last = max(1, len(seen) - 1)
        favour = {each: 0.5 - place / last for place, each in enumerate(seen)}
        members = [each for group in groups for each in group]
        favours = [favour.get(each, 0.0) for each in members]
        below = 0
        for group in groups:
            first, below = below, below + len(group)
            for place in range(first, below if below < len(members) else first):
                columns += [members[place], *members[below:]]
                early += [favours[place], *favours[below:]]
                sizes.append(1 + len(members) - below)
                winners.append(members[place])
    starts = np.cumsum([0, *sizes])[:-1]
    wins = np.zeros(count + 1)
    wins[:-1] = np.bincount(winners, minlength=count) if winners else 0
    wins[-1] = np.array(early)[starts].sum() if winners else 0
    return _Choices(
        rows=np.repeat(np.arange(len(sizes)), sizes),
        columns=np.array(columns, dtype=np.int64),
        starts=starts,
        early=np.array(early),
        num_answers=count,
        wins=wins,
    )
