"""In which number formats weights are trained, and what one parameter costs in memory. Imports nothing heavy.

``fp32_master``: float32 weights; bf16 arithmetic, where it is used, works on rounded copies of them.
``bf16_kahan``: bf16 weights, and a second bf16 number per weight that keeps the rounding error of its updates (Kahan summation;
for low-precision training arXiv 2010.06192).
``bf16``: bf16 weights alone. An update below half the distance to the neighbouring bf16 value is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from thoughtrank.finetuning.protocols import Adapter, Optimizer, Strategy

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

    Activations are not counted: they depend on the batch.
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


def weight_bytes(weights: Weights) -> int:
    """Bytes of one weight as the optimizer sees it."""
    return 4 if weights == "fp32_master" else 2


def parameter_bytes(*, weights: Weights, state_bytes: float, engine_masters: bool = False) -> ParameterBytes:
    """What one parameter costs.

    Args:
        weights: the value of ``training.weights``.
        state_bytes: optimizer state per parameter.
        engine_masters: the engine holds bf16 weights and gradients, and float32 master weights of its own (DeepSpeed).
    """
    size = 2 if engine_masters else weight_bytes(weights)
    return ParameterBytes(
        weights=size,
        masters=4 if engine_masters else 0,
        gradients=size,
        optimizer_state=state_bytes,
        compensation=2 if weights == "bf16_kahan" else 0,
    )


def has_engine_masters(strategy: "Strategy", *, precision: str) -> bool:
    """Whether the engine trains bf16 weights with float32 master weights of its own (DeepSpeed, except in float32)."""
    return strategy.engine_masters and precision != "32-true"


def nominal_bytes(
    *, weights: Weights, precision: str, optimizer: "Optimizer", strategy: "Strategy"
) -> ParameterBytes | None:
    """What one parameter of a large matrix costs, known before a model is; None if the optimizer does not say."""
    shapes = {"matrix": (4096, 4096)}
    state = optimizer.state_bytes(shapes, weights=weights, embeddings=frozenset())
    if state is None:
        return None
    return parameter_bytes(
        weights=weights,
        state_bytes=state / 4096**2,
        engine_masters=has_engine_masters(strategy, precision=precision),
    )


def training_faults(
    *, weights: Weights, precision: str, optimizer: "Optimizer", adapter: "Adapter", strategy: "Strategy"
) -> list[str]:
    """Where number formats, optimizer, adapter and strategy do not fit together, one sentence each.

    Args:
        weights: ``training.weights``.
        precision: ``training.precision``.
        optimizer, adapter, strategy: the components.
    """
    faults = _format_faults(weights, precision=precision, optimizer=optimizer, strategy=strategy)
    faults += _placement_faults(optimizer, strategy)
    if adapter.freezes_model and not strategy.supports_adapters:
        faults.append(
            f"adapter={adapter.name} does not work with strategy={strategy.name}: use strategy=auto or ddp, or adapter=none"
        )
    return faults


def _format_faults(weights: Weights, *, precision: str, optimizer: "Optimizer", strategy: "Strategy") -> list[str]:
    faults = [
        f"{group}={component.name} does not train training.weights={weights}: use training.weights="
        f"{' or '.join(component.supported_weights)}, or another {group}"
        for group, component in (("optimizer", optimizer), ("strategy", strategy))
        if weights not in component.supported_weights
    ]
    if weights != "fp32_master" and precision == "32-true":
        faults.append(
            f"training.weights={weights} computes in bf16 and training.precision=32-true in float32: use "
            "training.precision=auto, or training.weights=fp32_master"
        )
    return faults


def _placement_faults(optimizer: "Optimizer", strategy: "Strategy") -> list[str]:
    """Where the strategy does not hold the weights as the optimizer needs them."""
    faults = []
    if optimizer.needs_whole_parameters and not strategy.whole_parameters:
        faults.append(
            f"optimizer={optimizer.name} reads the rows and columns of a matrix, and strategy={strategy.name} gives it "
            "flattened shards: use optimizer=adamw, or strategy=auto or ddp"
        )
    if optimizer.needs_cpu and not strategy.optimizer_on_cpu:
        faults.append(
            f"optimizer={optimizer.name} works on weights in main memory, and strategy={strategy.name} keeps them on its "
            "device: use a strategy that offloads the optimizer, or strategy.accelerator=cpu"
        )
    if optimizer.needs_cuda and (strategy.optimizer_on_cpu or strategy.device_kind() != "cuda"):
        faults.append(
            f"optimizer={optimizer.name} needs a CUDA device, and strategy={strategy.name} has none for it: use "
            "optimizer=adamw"
        )
    return faults
