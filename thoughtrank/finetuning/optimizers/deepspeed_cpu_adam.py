"""DeepSpeed's AdamW for weights in main memory (``optimizer=deepspeed_cpu_adam``)."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.finetuning.kernels.build_tools import missing_build_tools
from thoughtrank.finetuning.optimizers.adam_family import AdamFamily
from thoughtrank.finetuning.optimizers.parameters import num_values
from thoughtrank.finetuning.weight_formats import Shapes, Weights

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class DeepSpeedCPUAdam(AdamFamily):
    """DeepSpeed's AdamW for weights in main memory, for strategies that keep the optimizer there.

    It is compiled on first use, which needs a C++ compiler, ninja and Python's headers.
    """

    name: ClassVar[str] = "deepspeed_cpu_adam"
    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master",)
    needs_cpu: ClassVar[bool] = True

    def faults(self) -> list[str]:
        """See ``Component``."""
        missing = missing_build_tools()
        if shutil.which("ninja") is None and find_spec("ninja") is None:
            missing.append("ninja ('pip install ninja')")
        if find_spec("deepspeed") is None:
            missing.append("deepspeed ('pip install deepspeed')")
        return [f"optimizer=deepspeed_cpu_adam needs {' and '.join(missing)}"] if missing else []

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``: two float32 averages per weight."""
        return 8 * num_values(shapes)

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        from deepspeed.ops.adam import DeepSpeedCPUAdam as Implementation

        groups = self._all_groups(model)
        return Implementation(groups, lr=self.lr, betas=self.betas, eps=self.eps, adamw_mode=True)
