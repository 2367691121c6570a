"""Kahan AdamW for bf16 weights, a torch optimizer: the rounding error of each update is kept and added to the next one."""

from collections.abc import Callable

import torch
from optimi import AdamW

from thoughtrank.finetuning.kernels.chunked_cross_entropy import compiles_triton
from thoughtrank.finetuning.optimizers.parameters import ParameterGroups


class KahanAdamW(AdamW):
    """torch-optimi's AdamW (decoupled weight decay, arXiv 1711.05101) with Kahan summation (arXiv 2010.06192).

    The library applies weight decay by multiplying the weight by ``1 - lr * weight_decay``, which rounds to no change in
    bf16 at usual learning rates. Here the decay is added to the Kahan compensation, which the next step applies.

    Args:
        groups: parameter groups with ``params`` and ``weight_decay``.
        lr: peak learning rate.
        betas: decay rates of the averages of the gradient and of its square.
        eps: added to the denominator.
    """

    def __init__(self, groups: ParameterGroups, *, lr: float, betas: tuple[float, float], eps: float) -> None:
        # Left to itself, the library does not find its kernel where weights are torch's parameters, and makes twelve passes.
        device = groups[0]["params"][0].device
        renamed = [{**group, "weight_decay": 0.0, "compensated_decay": group["weight_decay"]} for group in groups]
        super().__init__(renamed, lr=lr, betas=betas, eps=eps, kahan_sum=True, triton=compiles_triton(device))

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None, param: torch.Tensor | None = None) -> float | None:
        """Update all weights; this step's weight decay takes effect in the next one."""
        loss: float | None = super().step(closure, param)
        for group in self.param_groups:
            decay = group["lr"] * group["compensated_decay"]
            if decay:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self.state[parameter]["kahan_comp"].add_(parameter, alpha=-decay)
        return loss
