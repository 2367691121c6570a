"""AdamW on bf16 weights that keeps what rounding takes from an update."""

from collections.abc import Callable
from typing import Any

import torch
from optimi import AdamW


class KahanAdamW(AdamW):
    """torch-optimi's AdamW with Kahan summation, and a weight decay that is summed in the same way.

    The library multiplies the weight by ``1 - lr * weight_decay``, which in bf16 is the weight itself for every usual
    rate. Here decay goes where other small updates go: into the compensation, which the next step adds.

    Args:
        groups: parameter groups with ``params`` and ``weight_decay``.
        lr: peak learning rate.
        betas: averaging of the gradient and of its square.
        eps: added to the denominator.
    """

    def __init__(self, groups: list[dict[str, Any]], *, lr: float, betas: tuple[float, float], eps: float) -> None:
        renamed = [{**group, "weight_decay": 0.0, "compensated_decay": group["weight_decay"]} for group in groups]
        super().__init__(renamed, lr=lr, betas=betas, eps=eps, kahan_sum=True)

    @torch.no_grad()
    def step(self, closure: Callable | None = None, param: torch.Tensor | None = None) -> Any:
        """One step; the decay of this step's weights waits in the compensation."""
        loss = super().step(closure, param)
        for group in self.param_groups:
            decay = group["lr"] * group["compensated_decay"]
            if decay:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self.state[parameter]["kahan_comp"].add_(parameter, alpha=-decay)
        return loss
