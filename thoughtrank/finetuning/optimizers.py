"""Optimizers and their learning-rate schedules (the config group ``optimizer``)."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch


def schedule_factor(*, step: int, steps: int, warmup_steps: int, schedule: str, final_share: float) -> float:
    """The learning rate of optimizer step ``step`` (from 0) as a share of its peak.

    It rises linearly over ``warmup_steps`` and then follows ``schedule`` down to ``final_share`` at the last step.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return 1.0
    progress = (step - warmup_steps) / max(1, steps - 1 - warmup_steps)
    fall = progress if schedule == "linear" else (1 - math.cos(math.pi * progress)) / 2
    return 1.0 - (1.0 - final_share) * fall


class AdamW:
    """AdamW with warm-up and decay.

    Args:
        lr: peak learning rate.
        weight_decay: decoupled decay per unit of learning rate; never on norms and biases.
        betas: averaging of the gradient and of its square.
        eps: added to the denominator.
        warmup_share: share of the steps in which the learning rate rises.
        schedule: how it falls afterwards.
        final_share: share of the peak that is left at the end.
    """

    def __init__(
        self,
        *,
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        warmup_share: float = 0.1,
        schedule: Literal["cosine", "linear", "constant"] = "cosine",
        final_share: float = 0.1,
    ) -> None:
        self.lr = lr
        self.weight_decay = weight_decay
        self.betas = betas
        self.eps = eps
        self.warmup_share = warmup_share
        self.schedule = schedule
        self.final_share = final_share

    def identity(self) -> dict[str, object]:
        """Every setting: all of them change the result."""
        return {"optimizer": "adamw", **vars(self), "betas": list(self.betas)}

    def build(self, parameters: "Iterable[tuple[str, torch.nn.Parameter]]", *, steps: int) -> dict[str, Any]:
        """What Lightning's ``configure_optimizers`` returns for ``steps`` optimizer steps."""
        import torch

        trained = [parameter for _, parameter in parameters if parameter.requires_grad]
        groups = [
            {"params": [p for p in trained if dimensions(p) >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in trained if dimensions(p) < 2], "weight_decay": 0.0},
        ]
        # DeepSpeed leaves empty groups out, and the schedule would then have a group too many.
        groups = [group for group in groups if group["params"]]
        optimizer = torch.optim.AdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps, fused=True)
        warmup_steps = round(self.warmup_share * steps)

        def factor(step: int) -> float:
            return schedule_factor(
                step=step,
                steps=steps,
                warmup_steps=warmup_steps,
                schedule=self.schedule,
                final_share=self.final_share,
            )

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def dimensions(parameter: "torch.nn.Parameter") -> int:
    """Of the whole parameter: under ZeRO-3 a rank's tensor is a flat part of it, and ``ds_shape`` tells its shape."""
    return len(getattr(parameter, "ds_shape", parameter.shape))
