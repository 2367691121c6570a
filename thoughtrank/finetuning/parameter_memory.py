"""Memory per trained parameter, from optimizer and strategy, before a model is loaded."""

from thoughtrank.finetuning.protocols import Optimizer, Strategy
from thoughtrank.finetuning.weight_formats import ParameterBytes, Weights, parameter_bytes


def has_engine_masters(strategy: Strategy, *, precision: str) -> bool:
    """Whether the engine trains bf16 weights with float32 master weights of its own (DeepSpeed, except in float32)."""
    return strategy.engine_masters and precision != "32-true"


def has_optimizer_masters(*, weights: Weights, precision: str, optimizer: Optimizer, strategy: Strategy) -> bool:
    """Whether the model has bf16 weights, and the optimizer float32 master weights: on CUDA, where autocast would cost time.

    Args:
        weights: ``training.weights``.
        precision: ``training.precision``.
        optimizer: of the training.
        strategy: of the training.
    """
    return (
        strategy.optimizer_masters
        and optimizer.supports_masters
        and weights == "fp32_master"
        and precision != "32-true"
        and strategy.device_kind() == "cuda"
    )


def nominal_bytes(
    *, weights: Weights, precision: str, optimizer: Optimizer, strategy: Strategy, accumulates: bool = False
) -> ParameterBytes | None:
    """Memory per parameter of a large matrix, before a model is loaded; None if the optimizer does not state it.

    Args:
        weights: ``training.weights``.
        precision: ``training.precision``.
        optimizer: of the training.
        strategy: of the training.
        accumulates: a step has several micro-batches on a device.
    """
    shapes = {"matrix": (4096, 4096)}
    state = optimizer.state_bytes(shapes, weights=weights, embeddings=frozenset())
    if state is None:
        return None
    masters = has_optimizer_masters(weights=weights, precision=precision, optimizer=optimizer, strategy=strategy)
    return parameter_bytes(
        weights=weights,
        state_bytes=state / 4096**2,
        separate_masters=masters or has_engine_masters(strategy, precision=precision),
        sums_in_float32=masters and accumulates,
    )
