"""In which number formats weights are trained, and what one parameter costs in memory. Imports nothing heavy.

``fp32_master``: float32 weights; bf16 arithmetic, where it is used, works on rounded copies of them. On CUDA the model has the
rounded weights, and the optimizer the float32 ones.
``bf16_kahan``: bf16 weights, and a second bf16 number per weight that keeps the rounding error of its updates (Kahan summation;
for low-precision training arXiv 2010.06192).
``bf16``: bf16 weights alone. An update below half the distance to the neighbouring bf16 value is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Weights = Literal["fp32_master", "bf16_kahan", "bf16"]
ALL_WEIGHTS: tuple[Weights, ...] = ("fp32_master", "bf16_kahan", "bf16")

Precision = Literal["auto", "32-true", "bf16-mixed"]
"""Values of ``training.precision``."""

LightningPrecision = Literal["32-true", "bf16-mixed", "bf16-true"]

Shapes = Mapping[str, Sequence[int]]
"""Parameter name to shape."""


@dataclass(frozen=True, slots=True)
class ParameterBytes:
    """Memory that training holds for one trained parameter, in bytes, before it is sharded over devices.

    Activations are not counted: they depend on the batch. A gradient is computed in the number format of its weight, and kept
    in that of ``gradients``.
    """

    weights: float
    masters: float
    gradients: float
    optimizer_state: float
    compensation: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.weights + self.masters + self.gradients + self.optimizer_state + self.compensation

    @property
    def checkpoint(self) -> float:
        """The part that a checkpoint saves: everything but the gradients."""
        return self.total - self.gradients

    def text(self) -> str:
        """One line, such as ``16 bytes per parameter (4 weights + 4 gradients + 8 optimizer state)``."""
        kinds = {
            "weights": self.weights,
            "fp32 masters": self.masters,
            "gradients": self.gradients,
            "optimizer state": self.optimizer_state,
            "compensation": self.compensation,
        }
        named = " + ".join(f"{size:.3g} {kind}" for kind, size in kinds.items() if size)
        return f"{self.total:.3g} bytes per parameter ({named})"


def arithmetic_format(precision: str, *, weights: Weights) -> str:
    """Lightning's name of the number format that matmuls compute in.

    Bf16 weights compute in bf16, although Lightning casts nothing and calls that "32-true".

    Args:
        precision: of Lightning's trainer.
        weights: the value of ``training.weights``.
    """
    return "bf16-true" if precision == "32-true" and weights != "fp32_master" else precision


def weight_bytes(weights: Weights) -> int:
    """Bytes of one weight as the optimizer sees it."""
    return 4 if weights == "fp32_master" else 2


def parameter_bytes(
    *, weights: Weights, state_bytes: float, separate_masters: bool = False, sums_in_float32: bool = False
) -> ParameterBytes:
    """What one parameter costs.

    Args:
        weights: the value of ``training.weights``.
        state_bytes: optimizer state per parameter.
        separate_masters: weights and gradients are bf16, and the engine (DeepSpeed) or the optimizer holds float32 masters.
        sums_in_float32: bf16 gradients of several micro-batches add up in float32.
    """
    size = 2 if separate_masters else weight_bytes(weights)
    return ParameterBytes(
        weights=size,
        masters=4 if separate_masters else 0,
        gradients=4 if sums_in_float32 else size,
        optimizer_state=state_bytes,
        compensation=2 if weights == "bf16_kahan" else 0,
    )
