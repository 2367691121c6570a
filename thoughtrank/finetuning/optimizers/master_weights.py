"""Float32 master weights of a model that computes with bf16 weights, kept and updated by any torch optimizer."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_CHUNK = 1 << 28
"""Weights that are updated at once, to bound the memory of their gradients in float32."""


class MasterWeights(torch.optim.Optimizer):
    """Steps float32 copies of the weights of another optimizer, and rounds them to the model's weights (arXiv 1710.03740).

    Small updates are kept in the masters. The gradients have the number format of the weights; they are converted chunk by
    chunk, and the masters replace the weights in the parameter groups. State and masters are in one state dict.

    Args:
        inner: an optimizer that has made no step yet.
    """

    def __init__(self, inner: torch.optim.Optimizer) -> None:
        self._inner = inner
        self._pairs: list[tuple[nn.Parameter, nn.Parameter]] = []
        for group in inner.param_groups:
            weights = group["params"]
            group["params"] = [nn.Parameter(weight.detach().float()) for weight in weights]
            self._pairs += zip(group["params"], weights, strict=True)
        super().__init__(inner.param_groups, defaults=inner.defaults)
        self._share_state()

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update masters and weights whose weight has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for chunk in self._chunks():
            for master, weight in chunk:
                assert weight.grad is not None
                master.grad = weight.grad.float()
            self._inner.step()
            with torch.no_grad():
                torch._foreach_copy_([weight for _, weight in chunk], [master for master, _ in chunk])
            for master, _ in chunk:
                master.grad = None
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of the inner optimizer, and the masters."""
        masters: list[Tensor] = [master.detach() for master, _ in self._pairs]
        return {**self._inner.state_dict(), "masters": masters}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        rest = {name: value for name, value in state_dict.items() if name != "masters"}
        with torch.no_grad():
            for (master, _), saved in zip(self._pairs, state_dict["masters"], strict=True):
                master.copy_(saved)
        self._inner.load_state_dict(rest)
        self._share_state()

    def _share_state(self) -> None:
        """Use the parameter groups and the state of the inner optimizer, so that schedulers reach it."""
        self.param_groups, self.state = self._inner.param_groups, self._inner.state

    def _chunks(self) -> Iterator[list[tuple[nn.Parameter, nn.Parameter]]]:
        """The pairs with a gradient, about ``_CHUNK`` weights at a time."""
        chunk: list[tuple[nn.Parameter, nn.Parameter]] = []
        size = 0
        for master, weight in self._pairs:
            if weight.grad is None:
                continue
            chunk.append((master, weight))
            size += weight.numel()
            if size >= _CHUNK:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk
