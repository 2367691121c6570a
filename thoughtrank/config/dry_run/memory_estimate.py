"""How much memory training needs per device, from sizes that are known before anything is downloaded."""

_WEIGHT, _GRADIENT, _OPTIMIZER = 2, 2, 12
"""Bytes per weight of mixed-precision training with Adam: bf16 weights and gradients, and in float32 a master copy and two
averages (Rajbhandari et al., ZeRO, arXiv 1910.02054, section 3.1)."""


def training_gigabytes(*, parameters: int, devices: int) -> dict[str, float]:
    """Weights, gradients and optimizer per device by strategy, in GB; activations come on top.

    Plain data parallelism holds the same 16 bytes per weight with float32 weights and gradients and no master copy.

    Args:
        parameters: number of weights.
        devices: that the ZeRO stages divide over.
    """
    bytes_each = {
        "one device or ddp": (_WEIGHT + _GRADIENT + _OPTIMIZER) * 1.0,
        "ZeRO-1": _WEIGHT + _GRADIENT + _OPTIMIZER / devices,
        "ZeRO-2": _WEIGHT + (_GRADIENT + _OPTIMIZER) / devices,
        "ZeRO-3 or fsdp": (_WEIGHT + _GRADIENT + _OPTIMIZER) / devices,
    }
    return {strategy: parameters * size / 1e9 for strategy, size in bytes_each.items()}
