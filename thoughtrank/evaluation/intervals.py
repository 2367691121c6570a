"""Intervals for shares."""

import math

_Z95 = 1.959963984540054


def wilson_interval(*, successes: int, trials: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (E. B. Wilson, JASA 22, 1927).

    Returns:
        Lower and upper bound in [0, 1]; (0, 1) where there were no trials.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    scale = 1 + _Z95**2 / trials
    centre = (share + _Z95**2 / (2 * trials)) / scale
    half = _Z95 * math.sqrt(share * (1 - share) / trials + _Z95**2 / (4 * trials**2)) / scale
    # Exact at the ends, where rounding would put the share itself just outside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)
