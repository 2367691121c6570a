"""Two rules in one optimizer: Muon for hidden matrices, AdamW for everything else."""

from collections.abc import Callable
from typing import Any

import torch


class MuonWithAdamW(torch.optim.Optimizer):
    """Lightning steps, saves and schedules one optimizer; this one hands each group to its own rule.

    Groups and state are shared with the two inner optimizers, so that a scheduler's rates reach them and one state dict
    holds all.

    Args:
        hidden: parameter groups of matrices, for Muon.
        rest: parameter groups of everything else, for AdamW.
        lr: peak learning rate of both.
        momentum: Muon's averaging of the gradient.
        betas: AdamW's averaging of the gradient and of its square.
        eps: added to AdamW's denominator.
    """

    def __init__(
        self,
        *,
        hidden: list[dict[str, Any]],
        rest: list[dict[str, Any]],
        lr: float,
        momentum: float,
        betas: tuple[float, float],
        eps: float,
    ) -> None:
        self._rules: list[tuple[torch.optim.Optimizer, int]] = []
        if hidden:
            muon = torch.optim.Muon(hidden, lr=lr, momentum=momentum, adjust_lr_fn="match_rms_adamw")
            self._rules.append((muon, len(hidden)))
        if rest:
            adamw = torch.optim.AdamW(rest, lr=lr, betas=betas, eps=eps, fused=True)
            self._rules.append((adamw, len(rest)))
        super().__init__([group for rule, _ in self._rules for group in rule.param_groups], defaults={"lr": lr})
        self._share()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both rules."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for rule, _ in self._rules:
            rule.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what ``state_dict`` saved."""
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        begin = 0
        for rule, size in self._rules:
            rule.param_groups = self.param_groups[begin : begin + size]
            rule.state = self.state
            begin += size
