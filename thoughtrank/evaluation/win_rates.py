"""Win rates: how often a judge prefers one of two replies, with ties counted, and with the effect of their lengths removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thoughtrank.evaluation.paired import bootstrap_interval, mcnemar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_LENGTH_PENALTY = 1.0
"""Of the squared length coefficient, in nats: enough to keep it finite where length alone decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """Two replies to one question, and which of them the judge prefers.

    Attributes:
        question_id: of the question.
        problem: of the question, see ``Question``.
        score: mean over the orders that gave a verdict: 1 for the first reply, 0 for the second, 0.5 for a tie; None where
            neither did.
        in_order, reversed_order: the same in each order; None where that gave no verdict, or none was needed.
        length, against_length: characters of the two answers.
        reason: why the judge was not asked, or gave no verdict in an order; None where it gave both.
    """

    question_id: str
    problem: str | None
    score: float | None
    in_order: float | None
    reversed_order: float | None
    length: int
    against_length: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRate:
    """How often the first of two replies is preferred.

    Attributes:
        win_rate: mean score, a tie counting one half; None without a scored pair.
        low, high: its 95 % bootstrap interval, problems resampled.
        length_controlled: the win rate if both replies had the same length; see ``length_controlled_win_rate``.
        n: scored pairs.
        wins, ties, losses: of these.
        p_value: exact sign test of wins against losses, two-sided.
        unjudged: pairs without a score.
    """

    win_rate: float | None
    low: float
    high: float
    length_controlled: float | None
    n: int
    wins: int
    ties: int
    losses: int
    p_value: float
    unjudged: int


def win_rate(pairs: Sequence[JudgedPair], *, seed: int) -> WinRate:
    """The win rate of the first replies.

    Args:
        pairs: one per question.
        seed: of the bootstrap.
    """
    scores = {pair.question_id: pair.score for pair in pairs if pair.score is not None}
    by_problem: dict[str, list[float]] = {}
    for pair in pairs:
        if pair.score is not None:
            by_problem.setdefault(pair.problem or pair.question_id, []).append(pair.score)
    sums, counts = [[sum(each)] for each in by_problem.values()], [[len(each)] for each in by_problem.values()]
    low, high = bootstrap_interval(sums, counts, seed=seed) if len(counts) > 1 else (0.0, 100.0)
    wins, losses = sum(score > 0.5 for score in scores.values()), sum(score < 0.5 for score in scores.values())
    return WinRate(
        win_rate=sum(scores.values()) / len(scores) if scores else None,
        low=low / 100,
        high=high / 100,
        length_controlled=length_controlled_win_rate(
            list(scores.values()),
            [pair.length - pair.against_length for pair in pairs if pair.score is not None],
        ),
        n=len(scores),
        wins=wins,
        ties=len(scores) - wins - losses,
        losses=losses,
        p_value=mcnemar(wins, losses),
        unjudged=len(pairs) - len(scores),
    )


def length_controlled_win_rate(scores: Sequence[float], length_differences: Sequence[float]) -> float | None:
    """The win rate that a logistic regression predicts for replies of equal length.

    As in AlpacaEval 2 (Y. Dubois, B. Galambosi, P. Liang, T. B. Hashimoto, Length-Controlled AlpacaEval, arXiv 2404.04475):
    P(win) = sigmoid(a + b tanh(d / sd(d))), where d is the difference of the lengths. The figure is sigmoid(a), the prediction
    at d = 0. Their third term, the difficulty of an instruction, is estimated from many models and left out here.

    Args:
        scores: 1 for a win, 0 for a loss, 0.5 for a tie.
        length_differences: length of the reply minus that of the other one.

    Returns:
        None without a score.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    if not scores:
        return None
    score, difference = np.array(scores, dtype=float), np.array(length_differences, dtype=float)
    if score.min() == score.max() and score[0] in (0.0, 1.0):
        return float(score[0])  # the intercept has no finite estimate
    spread = difference.std()
    length = np.tanh(difference / spread) if spread else np.zeros_like(difference)

    def loss(parameters: "npt.NDArray[np.float64]") -> tuple[float, "npt.NDArray[np.float64]"]:
        """Negative log-likelihood with a penalty on the length coefficient, and its gradient."""
        intercept, slope = parameters
        logits = intercept + slope * length
        value = float(np.sum(np.logaddexp(0.0, logits) - score * logits) + _LENGTH_PENALTY * slope**2)
        error = expit(logits) - score
        return value, np.array([error.sum(), (error * length).sum() + 2 * _LENGTH_PENALTY * slope])

    return float(expit(minimize(loss, np.zeros(2), jac=True, method="BFGS").x[0]))
