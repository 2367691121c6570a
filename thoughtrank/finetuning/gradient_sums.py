"""Sums of bf16 gradients over the micro-batches of an optimizer step, in float32."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class GradientSums:
    """Adds the gradients of a step's micro-batches in float32, and rounds each sum once.

    In bf16 a sum would lose what each micro-batch adds below 1/512 of it. A hook moves every gradient to its sum as soon as the
    backward pass has finished it; in the last micro-batch the rounded sum becomes the gradient, before DDP's own hook averages
    it over the ranks.

    Args:
        parameters: whose gradients are added.

    Attributes:
        in_last: the micro-batch whose backward pass comes next is the last one of its step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.in_last = False
        self._sums: dict[nn.Parameter, Tensor] = {}
        for parameter in parameters:
            parameter.register_post_accumulate_grad_hook(self._add)

    @torch.no_grad()
    def finish(self) -> None:
        """Round the sums of parameters that the last micro-batch did not reach, such as one that had nothing to compute."""
        for parameter, total in self._sums.items():
            parameter.grad = total.to(parameter.dtype)
        self._sums.clear()

    @torch.no_grad()
    def _add(self, parameter: Tensor) -> None:
        assert isinstance(parameter, nn.Parameter)
        assert parameter.grad is not None
        total = self._sums.get(parameter)
        if total is None:
            if self.in_last:
                return
            self._sums[parameter] = parameter.grad.float()
        else:
            total.add_(parameter.grad)
            if self.in_last:
                parameter.grad.copy_(total)
                del self._sums[parameter]
                return
        parameter.grad = None
