"""From orders to a posterior over the strength of each answer: Plackett-Luce with a Gaussian prior.

The strengths ``theta`` are logits: of two answers, one alone, ``i`` is put before ``j`` with odds ``exp(theta_i - theta_j)``.
An order is read from the top: each answer is chosen among itself and all answers below it (Plackett 1975, Luce 1959).
Answers of one tie-group say nothing about each other: each is chosen among itself and the answers of lower groups. With
two answers this is the model of Bradley and Terry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_SD = 2.0
"""Standard deviation of the prior over strengths, in logits."""

TEMPERING = 0.7
"""Power of the likelihood. Looks at the same answers share the judge's errors, so they tell less than independent ones."""

LOGITS_PER_SD = 1.5
"""Logits per standard deviation of quality, for a judge with a pair accuracy of about .8."""

_STEPS = 25
_LARGEST_STEP = 2.0
_CONVERGED = 1e-6


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Gaussian around the most probable strengths (Laplace's approximation).

    Attributes:
        mean: strengths, shape (answers,), in logits.
        covariance: shape (answers, answers).
    """

    mean: Floats
    covariance: Floats

    def draws(self, count: int, *, among: Sequence[int], seed: int) -> Floats:
        """Strengths of some answers drawn from the posterior, shape (count, len(among)); the same for the same seed.

        Every second draw is the mirror image of another (antithetic), which halves the work and steadies the means; so
        ``count`` is even.
        """
        normal = np.random.default_rng(seed).standard_normal((count // 2, len(among)))
        covariance = self.covariance[np.ix_(among, among)]
        strays = normal @ np.linalg.cholesky(covariance).T
        return self.mean[among] + np.concatenate([strays, -strays])


@dataclass(frozen=True, slots=True)
class BestAnswer:
    """What a posterior says about which answer is best.

    Attributes:
        leader: index of the answer with the highest mean; None where no answer can lead.
        p_top: probability of each answer to be the best, shape (among,).
        expected_regret: how much better than the leader the best one is expected to be, in standard deviations of quality.
    """

    leader: int | None
    p_top: Floats
    expected_regret: float


def fit(count: int, orders: Sequence[Sequence[Sequence[int]]], *, start: Floats | None = None) -> Posterior:
    """The posterior of ``count`` answers, by Newton's method; the tempered likelihood is log-concave.

    Args:
        count: number of answers.
        orders: each a list of tie-groups of indices, best first.
        start: strengths to begin with, shape (count,); an earlier mean saves steps.
    """
    chosen, among = _choices(count, orders)
    theta = np.zeros(count) if start is None else start.copy()
    wins = np.bincount(chosen, minlength=count).astype(float)
    precision = 1 / PRIOR_SD**2
    hessian = np.eye(count) * precision
    for _ in range(_STEPS):
        share = np.exp(theta - theta.max()) * among
        share /= share.sum(axis=1, keepdims=True)
        expected = share.sum(axis=0)
        gradient = TEMPERING * (wins - expected) - precision * theta
        hessian = -TEMPERING * (share.T @ share)
        hessian[np.diag_indices(count)] += TEMPERING * expected + precision
        step = np.linalg.solve(hessian, gradient)
        largest = np.abs(step).max(initial=0.0)
        theta = theta + step * min(1.0, _LARGEST_STEP / max(largest, _CONVERGED))
        if largest < _CONVERGED:
            break
    return Posterior(mean=theta, covariance=np.asarray(np.linalg.inv(hessian), dtype=np.float64))


def best_answer(
    posterior: Posterior, *, among: Sequence[int], leaders: Sequence[int], seed: int, draws: int = 600
) -> BestAnswer:
    """Which answer is best, by drawing strengths from the posterior.

    Args:
        posterior: of all answers.
        among: indices of the answers that count.
        leaders: those of them that may lead.
        seed: of the draws.
        draws: how many, an even number.
    """
    if not leaders:
        return BestAnswer(leader=None, p_top=np.full(len(among), 1 / max(1, len(among))), expected_regret=np.inf)
    sample = posterior.draws(draws, among=among, seed=seed)
    leader = max(leaders, key=lambda each: posterior.mean[each])
    p_top = np.bincount(sample.argmax(axis=1), minlength=len(among)) / draws
    regret = float((sample.max(axis=1) - sample[:, list(among).index(leader)]).mean())
    return BestAnswer(leader=leader, p_top=p_top, expected_regret=regret / LOGITS_PER_SD)


def _choices(count: int, orders: Sequence[Sequence[Sequence[int]]]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Each choice that the orders tell: who was chosen, shape (choices,), and among whom, shape (choices, count), 0 or 1."""
    chosen: list[int] = []
    rows: list[int] = []
    columns: list[int] = []
    for groups in orders:
        below = [each for group in groups for each in group]
        for group in groups:
            below = below[len(group) :]
            if not below:
                break
            for winner in group:
                rows.extend([len(chosen)] * (len(below) + 1))
                columns.append(winner)
                columns.extend(below)
                chosen.append(winner)
    among = np.zeros((len(chosen), count))
    among[rows, columns] = 1.0
    return np.array(chosen, dtype=np.int64), among
