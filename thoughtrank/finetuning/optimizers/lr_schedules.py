"""Learning-rate schedules: the learning rate of each step as a fraction of its peak."""

import math
from typing import Literal

Schedule = Literal["cosine", "linear", "constant_with_warmup", "wsd"]


def schedule_factor(
    *, step: int, steps: int, warmup_steps: int, schedule: Schedule, decay_share: float, final_share: float
) -> float:
    """The learning rate of one optimizer step as a fraction of its peak.

    All schedules warm up linearly. Then ``cosine`` (half a period, arXiv 1608.03983) and ``linear`` decay to
    ``final_share`` at the last step, ``constant_with_warmup`` stays at the peak, and ``wsd`` (warm-up, stable, decay:
    arXiv 2404.06395) stays at the peak and decays linearly in the last steps.

    Args:
        step: number of the step, from 0.
        steps: optimizer steps of the training run.
        warmup_steps: steps before the peak.
        schedule: shape of the decay.
        decay_share: for ``wsd``, the last fraction of all steps, in which it decays.
        final_share: fraction of the peak at the last step.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant_with_warmup":
        return 1.0
    decay_start = warmup_steps
    if schedule == "wsd":
        decay_start = max(warmup_steps, steps - 1 - round(decay_share * steps))
    progress = max(0.0, (step - decay_start) / max(1, steps - 1 - decay_start))
    decayed = (1 - math.cos(math.pi * progress)) / 2 if schedule == "cosine" else progress
    return 1.0 - (1.0 - final_share) * decayed
