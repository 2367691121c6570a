"""Paired comparisons of right and wrong replies to the same questions, and the correction for several of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Outcomes = Mapping[str, bool]
"""Question id to whether the reply is right; questions without a reference answer are left out."""

_RESAMPLES = 10_000
_BATCH = 500
"""Resamples that are computed at a time; bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """How much more often the first of two arms is right.

    Attributes:
        points: accuracy of the first minus accuracy of the second, in percentage points.
        low, high: 95 % bootstrap interval of ``points``, problems resampled, and seeds where there are several.
        p_value: exact McNemar test, two-sided; over several seeds the largest of theirs, which tests for an effect in each.
        n: number of questions that both have answered, summed over seeds.
        only_first, only_second: questions that only this one answers right, summed over seeds.
    """

    points: float
    low: float
    high: float
    p_value: float
    n: int
    only_first: int
    only_second: int


def paired_difference(first: Outcomes, second: Outcomes, *, problems: Mapping[str, str], seed: int) -> PairedDifference:
    """Compare two arms on the questions that both have answered.

    Args:
        first, second: outcomes of the two arms.
        problems: question id to its problem; a missing question is its own problem. Questions of one problem are not
            independent, so the bootstrap resamples problems.
        seed: of the bootstrap.

    Returns:
        Without a common question, no difference in the interval from -100 to 100; with a single problem, that interval too.
    """
    return paired_difference_over_seeds([(first, second)], problems=problems, seed=seed)


def paired_difference_over_seeds(
    runs: Sequence[tuple[Outcomes, Outcomes]], *, problems: Mapping[str, str], seed: int
) -> PairedDifference:
    """As ``paired_difference``, over runs that differ in their seed and share their test questions.

    The bootstrap resamples problems and runs independently of each other (crossed).

    Args:
        runs: outcomes of both arms, run by run.
        problems: question id to its problem.
        seed: of the bootstrap.
    """
    wins, losses = [0] * len(runs), [0] * len(runs)
    differences: dict[str, list[int]] = defaultdict(lambda: [0] * len(runs))
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(runs))
    for run, (first, second) in enumerate(runs):
        # Sorted, so that the bootstrap does not depend on the order of the replies.
        for question in sorted(first.keys() & second.keys()):
            problem = problems.get(question, question)
            difference = first[question] - second[question]
            wins[run] += difference > 0
            losses[run] += difference < 0
            differences[problem][run] += difference
            counts[problem][run] += 1
    n = sum(map(sum, counts.values()))
    low, high = bootstrap_interval([differences[each] for each in counts], list(counts.values()), seed=seed)
    return PairedDifference(
        points=100 * (sum(wins) - sum(losses)) / n if n else 0.0,
        low=low,
        high=high,
        p_value=max((mcnemar(*each) for each in zip(wins, losses, strict=True)), default=1.0),
        n=n,
        only_first=sum(wins),
        only_second=sum(losses),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test (Q. McNemar, Psychometrika 12, 1947): a binomial test of the discordant
    pairs."""
    from scipy.stats import binomtest

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant, 0.5).pvalue) if discordant else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number, in their order (S. Holm, Scandinavian Journal of Statistics 6, 1979)."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def bootstrap_interval(
    differences: Sequence[Sequence[float]], counts: Sequence[Sequence[int]], *, seed: int
) -> tuple[float, float]:
    """The percentile interval of a difference, or of a mean score, in percentage points.

    Args:
        differences: of the right replies, or scores, summed by problem and run: (problems, runs).
        counts: questions, in the same shape.
        seed: of the resampling.
    """
    import numpy as np
    from scipy.stats import bootstrap

    if len(counts) < 2:
        return -100.0, 100.0
    difference, count = np.array(differences), np.array(counts)
    problems, runs = (np.arange(size) for size in difference.shape)

    def points(
        problem: "npt.NDArray[np.intp]", run: "npt.NDArray[np.intp]", axis: int = -1
    ) -> "npt.NDArray[np.float64]":
        """From resampled indices (resamples, problems) and (resamples, runs) to one difference for each resample."""
        by_run = difference[problem].sum(axis=-2), count[problem].sum(axis=-2)
        right, asked = (np.take_along_axis(each, run, axis=-1).sum(axis=-1) for each in by_run)
        return 100 * right / asked

    def points_of_one_run(problem: "npt.NDArray[np.intp]", axis: int = -1) -> "npt.NDArray[np.float64]":
        return points(problem, np.zeros((*problem.shape[:-1], 1), dtype=np.intp))

    interval = bootstrap(
        (problems, runs) if len(runs) > 1 else (problems,),
        points if len(runs) > 1 else points_of_one_run,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)
