"""What the custom autograd functions of this folder share."""

from typing import Protocol

import torch
from torch import Tensor


class AutogradContext(Protocol):
    """The context that ``torch.autograd.Function`` passes to ``forward`` and ``backward``."""

    needs_input_grad: tuple[bool, ...]

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What ``save_for_backward`` kept."""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors until the backward pass; None comes back as None."""


def compute_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype in which a matmul of ``tensor`` would compute here: autocast's where it is enabled."""
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else tensor.dtype
