"""In which number format weights are trained, and what one parameter costs in memory. Imports nothing heavy.

``fp32_master``: float32 weights; bf16 arithmetic, where it is used, works on rounded copies of them.
``bf16_kahan``: bf16 weights, and per weight a second bf16 number that keeps what an update could not add (Kahan summation;
for low-precision training arXiv 2010.06192).
``bf16``: bf16 weights alone. An update below half the distance to a weight's neighbour in bf16 is lost.
"""

from dataclasses import dataclass
from typing import Any, Literal

Weights = Literal["fp32_master", "bf16_kahan", "bf16"]
ALL_WEIGHTS: tuple[Weights, ...] = ("fp32_master", "bf16_kahan", "bf16")


@dataclass(frozen=True, slots=True)
class ParameterBytes:
    """Memory that training holds for one trained parameter, in bytes, before it is divided among devices.

    Activations are not counted: they depend on the batch.
    """

    weights: float
    masters: float
    gradients: float
    optimizer_state: float
    compensation: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.masters + self.gradients + self.optimizer_state + self.compensation

    @property
    def checkpoint(self) -> float:
        """What a checkpoint saves of it: everything but the gradients."""
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
        weights: the setting.
        state_bytes: the optimizer's state per parameter.
        engine_masters: the strategy's engine holds bf16 weights and gradients, and float32 masters of its own (DeepSpeed).
    """
    size = 2 if engine_masters else weight_bytes(weights)
    return ParameterBytes(
        weights=size,
        masters=4 if engine_masters else 0,
        gradients=size,
        optimizer_state=state_bytes,
        compensation=2 if weights == "bf16_kahan" else 0,
    )


def has_engine_masters(strategy: Any, *, precision: str) -> bool:
    """Whether the strategy's engine trains bf16 weights with float32 masters of its own (DeepSpeed, but in float32)."""
    return getattr(strategy, "engine_masters", False) and precision != "32-true"


def nominal_bytes(*, weights: Weights, precision: str, optimizer: Any, strategy: Any) -> ParameterBytes | None:
    """What one parameter of a large matrix costs, known before a model is; None where the optimizer does not say."""
    if not hasattr(optimizer, "state_bytes"):
        return None
    shapes = {"matrix": (4096, 4096)}
    return parameter_bytes(
        weights=weights,
        state_bytes=optimizer.state_bytes(shapes, weights=weights, embeddings=frozenset()) / 4096**2,
        engine_masters=has_engine_masters(strategy, precision=precision),
    )


def training_faults(*, weights: Weights, precision: str, optimizer: Any, adapter: Any, strategy: Any) -> list[str]:
    """Where the setting, the optimizer, the strategy and the arithmetic do not fit together, one sentence each.

    Args:
        weights: ``training.weights``.
        precision: ``training.precision``.
        adapter: has a ``name``; ``none`` trains every weight.
        optimizer: may have ``supported_weights`` (else ``fp32_master`` and ``bf16``), ``needs_whole_parameters`` and
            ``needs_cpu`` (else False).
        strategy: may have ``supported_weights`` (else ``fp32_master``), ``whole_parameters``, ``optimizer_on_cpu`` and
            ``supports_adapters`` (else False).
    """
    faults = []
    optimizer_name = getattr(optimizer, "name", type(optimizer).__name__)
    strategy_name = getattr(strategy, "name", type(strategy).__name__)
    for group, name, supported in (
        ("optimizer", optimizer_name, getattr(optimizer, "supported_weights", ("fp32_master", "bf16"))),
        ("strategy", strategy_name, getattr(strategy, "supported_weights", ("fp32_master",))),
    ):
        if weights not in supported:
            faults.append(
                f"{group}={name} does not train training.weights={weights}: use training.weights={' or '.join(supported)}, "
                f"or another {group}"
            )
    if weights != "fp32_master" and precision == "32-true":
        faults.append(
            f"training.weights={weights} computes in bf16 and training.precision=32-true in float32: use "
            "training.precision=auto, or training.weights=fp32_master"
        )
    if getattr(optimizer, "needs_whole_parameters", False) and not getattr(strategy, "whole_parameters", False):
        faults.append(
            f"optimizer={optimizer_name} reads the rows and columns of a matrix, and strategy={strategy_name} hands it shards "
            "of flattened ones: use optimizer=adamw, or strategy=auto or ddp"
        )
    if getattr(optimizer, "needs_cpu", False) and not getattr(strategy, "optimizer_on_cpu", False):
        faults.append(
            f"optimizer={optimizer_name} works on weights in main memory, and strategy={strategy_name} keeps them on its "
            "device: use a strategy that offloads the optimizer, or strategy.accelerator=cpu"
        )
    if adapter.name != "none" and not getattr(strategy, "supports_adapters", False):
        faults.append(
            f"adapter={adapter.name} does not work with strategy={strategy_name}: use strategy=auto or ddp, or adapter=none"
        )
    return faults
