"""Adafactor (``optimizer=adafactor``): one number per row and column of a matrix instead of two per weight."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, NonPositiveFloat

from thoughtrank.finetuning.optimizers.parameters import num_values
from thoughtrank.finetuning.optimizers.scheduled_optimizer import ScheduledOptimizer
from thoughtrank.finetuning.weight_formats import Shapes, Weights, weight_bytes

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class Adafactor(ScheduledOptimizer):
    """Adafactor (arXiv 1804.04235): one number per row and column of a matrix instead of two per weight.

    ``lr`` is relative: a step moves a matrix by at most this fraction of its root mean square.

    Attributes:
        beta2_decay: exponent of the step in the decay rate of squared gradients.
        eps: lower bounds of the root mean square of a gradient, and of a matrix.
        clip_threshold: largest root mean square of an update before it is multiplied by the learning rate.
    """

    beta2_decay: NonPositiveFloat = -0.8
    eps: tuple[NonNegativeFloat, NonNegativeFloat] = (1e-15, 1e-3)
    clip_threshold: Annotated[float, Field(ge=1)] = 1.0

    name: ClassVar[str] = "adafactor"
    supports_masters: ClassVar[bool] = True
    needs_whole_parameters: ClassVar[bool] = True

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``."""
        values = 0
        for name, shape in shapes.items():
            size = num_values({name: shape})
            values += size // shape[-1] + size // shape[-2] if len(shape) > 1 else size
        return weight_bytes(weights) * values

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        import torch

        return torch.optim.Adafactor(
            self._all_groups(model),
            lr=self.lr,
            beta2_decay=self.beta2_decay,
            # Torch's own default, the format's epsilon, is larger than the clipped gradients of a large model.
            eps=self.eps,
            d=self.clip_threshold,
        )
