"""The mean, and the confidence interval of a proportion."""

import math
from collections.abc import Sequence

_Z95 = 1.959963984540054


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None for no values."""
    return sum(values) / len(values) if values else None


def wilson_interval(*, successes: int, trials: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion (E. B. Wilson, JASA 22, 1927).

    Returns:
        Lower and upper bound in [0, 1]; (0, 1) where there were no trials.
    """
    if trials == 0:
        return 0.0, 1.0
    proportion = successes / trials
    scale = 1 + _Z95**2 / trials
    centre = (proportion + _Z95**2 / (2 * trials)) / scale
    half = _Z95 * math.sqrt(proportion * (1 - proportion) / trials + _Z95**2 / (4 * trials**2)) / scale
    # Exact at the ends, where rounding would put the proportion itself just outside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)
