"""Muon for hidden matrices, AdamW for the rest (``optimizer=muon``)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.finetuning.optimizers.adam_family import AdamFamily
from thoughtrank.finetuning.optimizers.parameters import embedding_names, num_values, trained_parameters
from thoughtrank.finetuning.weight_formats import Shapes, Weights, weight_bytes
from thoughtrank.user_input.number_ranges import DecayRate

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class Muon(AdamFamily):
    """Muon for hidden matrices; AdamW, with ``betas`` and ``eps``, for embeddings, output head, norms and biases.

    Muon's updates are scaled to the root mean square of AdamW's (arXiv 2502.16982), so that one learning rate serves both.

    Attributes:
        momentum: decay rate of the moving average of the gradient of hidden matrices.
    """

    momentum: DecayRate = 0.95

    name: ClassVar[str] = "muon"
    supports_masters: ClassVar[bool] = True
    needs_whole_parameters: ClassVar[bool] = True

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``: one average per weight of a hidden matrix, two per other weight."""
        hidden = {name: shape for name, shape in shapes.items() if len(shape) == 2 and name not in embeddings}
        return weight_bytes(weights) * (2 * num_values(shapes) - num_values(hidden))

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        from thoughtrank.finetuning.optimizers.muon_with_adamw import MuonWithAdamW

        embeddings = embedding_names(model)
        hidden: list[torch.nn.Parameter] = []
        rest: list[torch.nn.Parameter] = []
        for name, parameter in trained_parameters(model).items():
            (hidden if parameter.ndim == 2 and name not in embeddings else rest).append(parameter)
        return MuonWithAdamW(
            hidden=self._groups(hidden),
            rest=self._groups(rest),
            lr=self.lr,
            momentum=self.momentum,
            betas=self.betas,
            eps=self.eps,
        )
