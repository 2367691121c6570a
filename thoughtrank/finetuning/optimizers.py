"""Optimizers (the config group ``optimizer``).

Weight decay applies to matrices, including embeddings and the output head, and never to norms and biases.
"""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, NonPositiveFloat

from thoughtrank.finetuning.kernels.build_tools import missing_build_tools
from thoughtrank.finetuning.optim.parameters import embedding_names, num_values, trained_parameters
from thoughtrank.finetuning.optim.scheduled_optimizer import ScheduledOptimizer
from thoughtrank.finetuning.weight_formats import ALL_WEIGHTS, Shapes, Weights, weight_bytes
from thoughtrank.user_input.number_ranges import DecayRate

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class _AdamFamily(ScheduledOptimizer):
    """Optimizers with Adam's two moving averages (arXiv 1412.6980) and decoupled weight decay (arXiv 1711.05101).

    Attributes:
        betas: decay rates of the moving averages of the gradient and of its square.
        eps: added to the denominator.
    """

    betas: tuple[DecayRate, DecayRate] = (0.9, 0.95)
    eps: NonNegativeFloat = 1e-8


@dataclass(kw_only=True)
class AdamW(_AdamFamily):
    """AdamW: torch's fused implementation, and torch-optimi's with Kahan summation for ``bf16_kahan``."""

    name: ClassVar[str] = "adamw"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``: two averages per weight, in the format of the weights."""
        return 2 * weight_bytes(weights) * num_values(shapes)

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        groups = self._groups(list(trained_parameters(model).values()))
        if weights == "bf16_kahan":
            from thoughtrank.finetuning.optim.kahan_adamw import KahanAdamW

            return KahanAdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps)
        import torch

        return torch.optim.AdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps, fused=True)


@dataclass(kw_only=True)
class AdamW8bit(_AdamFamily):
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
            return ["optimizer=adamw_8bit needs bitsandbytes: run 'pip install \"thoughtrank[cuda]\"'"]
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

        groups = self._groups(list(trained_parameters(model).values()))
        return Implementation(groups, lr=self.lr, betas=self.betas, eps=self.eps)


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
            self._groups(list(trained_parameters(model).values())),
            lr=self.lr,
            beta2_decay=self.beta2_decay,
            # Torch's own default, the format's epsilon, is larger than the clipped gradients of a large model.
            eps=self.eps,
            d=self.clip_threshold,
        )


@dataclass(kw_only=True)
class Muon(_AdamFamily):
    """Muon for hidden matrices; AdamW, with ``betas`` and ``eps``, for embeddings, output head, norms and biases.

    Muon's updates are scaled to the root mean square of AdamW's (arXiv 2502.16982), so that one learning rate serves both.

    Attributes:
        momentum: decay rate of the moving average of the gradient of hidden matrices.
    """

    momentum: DecayRate = 0.95

    name: ClassVar[str] = "muon"
    needs_whole_parameters: ClassVar[bool] = True

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``Optimizer``: one average per weight of a hidden matrix, two per other weight."""
        hidden = {name: shape for name, shape in shapes.items() if len(shape) == 2 and name not in embeddings}
        return weight_bytes(weights) * (2 * num_values(shapes) - num_values(hidden))

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        from thoughtrank.finetuning.optim.muon import MuonWithAdamW

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


@dataclass(kw_only=True)
class DeepSpeedCPUAdam(_AdamFamily):
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

        groups = self._groups(list(trained_parameters(model).values()))
        return Implementation(groups, lr=self.lr, betas=self.betas, eps=self.eps, adamw_mode=True)
