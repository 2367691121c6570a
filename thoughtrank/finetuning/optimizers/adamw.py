"""AdamW (``optimizer=adamw``): torch's fused implementation, and Kahan AdamW for bf16 weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.finetuning.optimizers.adam_family import AdamFamily
from thoughtrank.finetuning.optimizers.parameters import num_values
from thoughtrank.finetuning.weight_formats import ALL_WEIGHTS, Shapes, Weights, weight_bytes

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class AdamW(AdamFamily):
    """AdamW: torch's fused implementation, and torch-optimi's with Kahan summation for ``bf16_kahan``."""

    name: ClassVar[str] = "adamw"
    supports_masters: ClassVar[bool] = True
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``: two averages per weight, in the format of the weights."""
        return 2 * weight_bytes(weights) * num_values(shapes)

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        groups = self._all_groups(model)
        if weights == "bf16_kahan":
            from thoughtrank.finetuning.optimizers.kahan_adamw import KahanAdamW

            return KahanAdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps)
        import torch

        return torch.optim.AdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps, fused=True)
