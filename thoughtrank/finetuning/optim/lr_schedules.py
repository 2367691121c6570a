"""Learning rates over the steps of one training."""

import math
from typing import Literal

Schedule = Literal["cosine", "linear", "constant_with_warmup", "wsd"]


def schedule_factor(
    *, step: int, steps: int, warmup_steps: int, schedule: Schedule, decay_share: float, final_share: float
) -> float:
    """The learning rate of optimizer step ``step`` (from 0) as a share of its peak.

    It rises linearly over ``warmup_steps``. Then ``cosine`` and ``linear`` fall to ``final_share`` at the last step,
    ``constant_with_warmup`` stays at the peak, and ``wsd`` (warm-up, stable, decay: arXiv 2404.06395) stays at the peak and
    falls linearly in the last ``decay_share`` of all steps.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant_with_warmup":
        return 1.0
    begin = warmup_steps
    if schedule == "wsd":
        begin = max(warmup_steps, steps - 1 - round(decay_share * steps))
    progress = max(0.0, (step - begin) / max(1, steps - 1 - begin))
    fall = (1 - math.cos(math.pi * progress)) / 2 if schedule == "cosine" else progress
    return 1.0 - (1.0 - final_share) * fall
