"""Whether number formats, optimizer, adapter and strategy fit together."""

from thoughtrank.finetuning.protocols import Adapter, Optimizer, Strategy
from thoughtrank.finetuning.weight_formats import Weights


def training_faults(
    *, weights: Weights, precision: str, optimizer: Optimizer, adapter: Adapter, strategy: Strategy
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


def _format_faults(weights: Weights, *, precision: str, optimizer: Optimizer, strategy: Strategy) -> list[str]:
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


def _placement_faults(optimizer: Optimizer, strategy: Strategy) -> list[str]:
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
