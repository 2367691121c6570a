"""Muon and AdamW as one torch optimizer, which steps each parameter group with one of them."""

from collections.abc import Callable
from typing import Any

import torch

from thoughtrank.finetuning.optimizers.parameters import ParameterGroups


class MuonWithAdamW(torch.optim.Optimizer):
    """One optimizer for Lightning to step, save and schedule, which delegates each parameter group to Muon or AdamW.

    Muon (kellerjordan.github.io/posts/muon) orthogonalizes the averaged gradient of a matrix; its updates are scaled to the
    root mean square of AdamW's, 0.2 * sqrt(max(rows, columns)) (arXiv 2502.16982), so that one learning rate serves both.
    Parameter groups and state are shared with the two inner optimizers, so that schedulers reach them and one state dict
    contains everything.

    Args:
        hidden: parameter groups of matrices, for Muon.
        rest: parameter groups of all other parameters, for AdamW.
        lr: peak learning rate of both.
        momentum: Muon's decay rate of the average of the gradient.
        betas: AdamW's decay rates of the averages of the gradient and of its square.
        eps: added to AdamW's denominator.
    """

    def __init__(
        self,
        *,
        hidden: ParameterGroups,
        rest: ParameterGroups,
        lr: float,
        momentum: float,
        betas: tuple[float, float],
        eps: float,
    ) -> None:
        self._inner: list[tuple[torch.optim.Optimizer, int]] = []
        if hidden:
            muon = torch.optim.Muon(hidden, lr=lr, momentum=momentum, adjust_lr_fn="match_rms_adamw")
            self._inner.append((muon, len(hidden)))
        if rest:
            adamw = torch.optim.AdamW(rest, lr=lr, betas=betas, eps=eps, fused=True)
            self._inner.append((adamw, len(rest)))
        super().__init__([group for inner, _ in self._inner for group in inner.param_groups], defaults={"lr": lr})
        self._share_state()

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all parameters."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for inner, _ in self._inner:
            inner.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        super().load_state_dict(state_dict)
        self._share_state()

    def _share_state(self) -> None:
        """Give the inner optimizers this one's parameter groups and state."""
        start = 0
        for inner, num_groups in self._inner:
            inner.param_groups = self.param_groups[start : start + num_groups]
            inner.state = self.state
            start += num_groups
