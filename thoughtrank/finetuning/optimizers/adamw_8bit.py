"""AdamW with 8-bit moving averages, from bitsandbytes (``optimizer=adamw_8bit``)."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.errors import install_line
from thoughtrank.finetuning.optimizers.adam_family import AdamFamily
from thoughtrank.finetuning.optimizers.parameters import num_values
from thoughtrank.finetuning.weight_formats import Shapes, Weights

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class AdamW8bit(AdamFamily):
    """AdamW with 8-bit moving averages, one scale per block of 256 values (bitsandbytes; arXiv 2110.02861).

    bitsandbytes keeps float32 averages for parameters of fewer than 4096 values.
    """

    name: ClassVar[str] = "adamw_8bit"
    needs_cuda: ClassVar[bool] = True
    _BLOCK: ClassVar[int] = 256
    _SMALLEST: ClassVar[int] = 4096

    def faults(self) -> list[str]:
        """See ``Component``."""
        if find_spec("bitsandbytes") is None:
            return [f"optimizer=adamw_8bit needs bitsandbytes: {install_line('cuda')}"]
        return []

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``."""
        total = 0.0
        for name, shape in shapes.items():
            size = num_values({name: shape})
            total += 8 * size if size < self._SMALLEST else 2 * (size + 4 * -(-size // self._BLOCK))
        return total

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        from bitsandbytes.optim import AdamW8bit as Implementation

        groups = self._all_groups(model)
        return Implementation(groups, lr=self.lr, betas=self.betas, eps=self.eps)
