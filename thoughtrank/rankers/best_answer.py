"""Which answer is best, by sampling strengths from their posterior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thoughtrank.rankers.plackett_luce import Floats, StrengthPosterior

Samples = npt.NDArray[np.float32]
"""Single precision takes half the time; arrays of more than 128 KiB cost more to allocate than to fill."""

SYSTEMATIC_ERROR = 0.3
"""The judge's error about an answer that is the same in all of its calls, as a fraction of the standard deviation of
strengths."""


@dataclass(frozen=True, slots=True)
class BestAnswer:
    """What a posterior implies about which answer is best.

    Attributes:
        p_top: probability of each answer to be the best, shape (among,).
        p_top_judged: the same where the judge's systematic error counts as quality, which is what further calls can find out,
            shape (among,).
        expected_regret: how much better than the leader the best one is expected to be, in standard deviations of quality,
            where the judge's systematic error counts as quality.
    """

    p_top: Floats
    p_top_judged: Floats
    expected_regret: float


def best_answer(
    posterior: StrengthPosterior,
    *,
    among: Sequence[int],
    leader: int | None,
    lowered: Mapping[int, tuple[float, float]] | None = None,
    seed: int,
    num_samples: int = 500,
) -> BestAnswer:
    """Estimate which answer is best.

    Args:
        posterior: of all answers.
        among: indices of the answers that are compared.
        leader: the one of them that would be chosen now; None while there is none.
        lowered: of answers that may be worse than their ranks suggest, the probability of that and their strength then.
        seed: of the samples.
        num_samples: an even number.
    """
    if leader is None:
        uniform = np.full(len(among), 1 / max(1, len(among)))
        return BestAnswer(p_top=uniform, p_top_judged=uniform, expected_regret=np.inf)
    judged = _sampled_strengths(posterior, num_samples, among=among, seed=seed)
    column = {each: index for index, each in enumerate(among)}
    rng = np.random.default_rng([seed, 1])
    for each, (probability, strength) in (lowered or {}).items():
        if each in column:
            judged[rng.random(num_samples) < probability, column[each]] = strength
    true = _mirrored(rng.standard_normal((num_samples // 2, len(among)), dtype=np.float32))
    true *= np.float32(SYSTEMATIC_ERROR * posterior.prior_sd)
    true += judged
    top = judged.argmax(axis=1)
    regret = float((judged[np.arange(num_samples), top] - judged[:, column[leader]]).mean())
    return BestAnswer(
        p_top=_frequencies(true.argmax(axis=1), len(among)),
        p_top_judged=_frequencies(top, len(among)),
        expected_regret=regret / posterior.prior_sd,
    )


def _sampled_strengths(posterior: StrengthPosterior, count: int, *, among: Sequence[int], seed: int) -> Samples:
    """Strengths of some answers sampled from the posterior, shape (count, len(among)); the same for the same seed.

    Every second sample is the mirror image of another (antithetic), which halves the work and the variance of the means.
    """
    normal = np.random.default_rng(seed).standard_normal((count // 2, len(among)), dtype=np.float32)
    root = np.linalg.cholesky(posterior.covariance[np.ix_(among, among)]).astype(np.float32)
    return posterior.mean[among].astype(np.float32) + _mirrored(normal @ root.T)


def _mirrored(samples: Samples) -> Samples:
    return np.concatenate([samples, -samples])


def _frequencies(top: npt.NDArray[np.int64], count: int) -> Floats:
    """How often each of ``count`` columns is the largest of its row, shape (count,)."""
    return np.bincount(top, minlength=count) / len(top)
