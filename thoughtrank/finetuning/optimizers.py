"""Optimizers (the config group ``optimizer``).

Matrices decay, embeddings and the output head among them; norms and biases never do.
"""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from thoughtrank.finetuning.kernels.build_tools import missing_build_tools
from thoughtrank.finetuning.optim.parameters import embedding_names, num_values, trained_parameters
from thoughtrank.finetuning.optim.scheduled_optimizer import ScheduledOptimizer
from thoughtrank.finetuning.weight_formats import ALL_WEIGHTS, Shapes, Weights, weight_bytes

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class AdamW(ScheduledOptimizer):
    """AdamW: torch's fused one, and torch-optimi's where rounding errors are kept (``bf16_kahan``).

    Attributes:
        betas: averaging of the gradient and of its square.
        eps: added to the denominator.
    """

    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8

    name: ClassVar[str] = "adamw"
    supported_weights: ClassVar[tuple[Weights, ...]] = ALL_WEIGHTS

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``ScheduledOptimizer``: two averages per weight, in the format of the weights."""
        return 2 * weight_bytes(weights) * num_values(shapes)

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        groups = self._groups(list(trained_parameters(model).values()))
        if weights == "bf16_kahan":
            from thoughtrank.finetuning.optim.kahan_adamw import KahanAdamW

            return KahanAdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps)
        import torch

        return torch.optim.AdamW(groups, lr=self.lr, betas=self.betas, eps=self.eps, fused=True)


@dataclass(kw_only=True)
class AdamW8bit(ScheduledOptimizer):
    """AdamW whose averages are 8-bit numbers with one scale per block of 256 (bitsandbytes; arXiv 2110.02861).

    Matrices of fewer than 4096 values keep float32 averages, as the library has it.

    Attributes:
        betas: averaging of the gradient and of its square.
        eps: added to the denominator.
    """

    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8

    name: ClassVar[str] = "adamw_8bit"
    _BLOCK: ClassVar[int] = 256
    _SMALLEST: ClassVar[int] = 4096

    def faults(self) -> list[str]:
        """See ``ScheduledOptimizer``."""
        faults = []
        if find_spec("bitsandbytes") is None:
            faults.append("optimizer=adamw_8bit needs bitsandbytes: run 'pip install \"thoughtrank[cuda]\"'")
        import torch

        if not torch.cuda.is_available():
            faults.append("optimizer=adamw_8bit needs a CUDA device, and this machine shows none: use optimizer=adamw")
        return faults

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``ScheduledOptimizer``."""
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
    """Adafactor (arXiv 1804.04235): per matrix one number per row and per column instead of two per weight.

    ``lr`` is relative: a step moves a matrix by at most this share of its root mean square.

    Attributes:
        beta2_decay: exponent of the step in the averaging of squared gradients.
        eps: smallest root mean square of a gradient, and smallest one of a matrix, that count.
        clip_threshold: largest root mean square of an update before the rate.
    """

    beta2_decay: float = -0.8
    eps: tuple[float, float] = (1e-15, 1e-3)
    clip_threshold: float = 1.0

    name: ClassVar[str] = "adafactor"
    needs_whole_parameters: ClassVar[bool] = True

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``ScheduledOptimizer``."""
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
class Muon(ScheduledOptimizer):
    """Muon for hidden matrices, AdamW for embeddings, output head, norms and biases.

    Muon's steps are scaled to the root mean square of AdamW's (arXiv 2502.16982), so that one learning rate serves both.

    Attributes:
        momentum: averaging of the gradient of hidden matrices.
        betas: AdamW's averaging of the gradient and of its square.
        eps: added to AdamW's denominator.
    """

    momentum: float = 0.95
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8

    name: ClassVar[str] = "muon"
    needs_whole_parameters: ClassVar[bool] = True

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``ScheduledOptimizer``: one average per weight of a hidden matrix, two per other weight."""
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
class DeepSpeedCPUAdam(ScheduledOptimizer):
    """DeepSpeed's AdamW for weights in main memory, for strategies that keep the optimizer there.

    It is compiled on first use, which takes a C++ compiler, ninja and Python's headers.

    Attributes:
        betas: averaging of the gradient and of its square.
        eps: added to the denominator.
    """

    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8

    name: ClassVar[str] = "deepspeed_cpu_adam"
    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master",)
    needs_cpu: ClassVar[bool] = True

    def faults(self) -> list[str]:
        """See ``ScheduledOptimizer``."""
        missing = missing_build_tools()
        if shutil.which("ninja") is None and find_spec("ninja") is None:
            missing.append("ninja ('pip install ninja')")
        if find_spec("deepspeed") is None:
            missing.append("deepspeed ('pip install deepspeed')")
        return [f"optimizer=deepspeed_cpu_adam needs {' and '.join(missing)}"] if missing else []

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """See ``ScheduledOptimizer``: two float32 averages per weight."""
        return 8 * num_values(shapes)

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        from deepspeed.ops.adam import DeepSpeedCPUAdam as Implementation

        groups = self._groups(list(trained_parameters(model).values()))
        return Implementation(groups, lr=self.lr, betas=self.betas, eps=self.eps, adamw_mode=True)
