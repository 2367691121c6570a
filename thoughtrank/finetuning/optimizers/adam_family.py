"""Settings of the optimizers with Adam's two moving averages."""

from dataclasses import dataclass

from pydantic import NonNegativeFloat

from thoughtrank.finetuning.optimizers.scheduled_optimizer import ScheduledOptimizer
from thoughtrank.user_input.number_ranges import DecayRate


@dataclass(kw_only=True)
class AdamFamily(ScheduledOptimizer):
    """An optimizer with Adam's two moving averages (arXiv 1412.6980) and decoupled weight decay (arXiv 1711.05101).

    Attributes:
        betas: decay rates of the moving averages of the gradient and of its square.
        eps: added to the denominator.
    """

    betas: tuple[DecayRate, DecayRate] = (0.9, 0.95)
    eps: NonNegativeFloat = 1e-8
