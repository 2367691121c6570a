"""How much memory a device needs, from sizes that are known before anything is fetched."""

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
    share = {
        "one device or ddp": (_WEIGHT + _GRADIENT + _OPTIMIZER) * 1.0,
        "ZeRO-1": _WEIGHT + _GRADIENT + _OPTIMIZER / devices,
        "ZeRO-2": _WEIGHT + (_GRADIENT + _OPTIMIZER) / devices,
        "ZeRO-3 or fsdp": (_WEIGHT + _GRADIENT + _OPTIMIZER) / devices,
    }
    return {strategy: parameters * size / 1e9 for strategy, size in share.items()}


def generation_gigabytes(
    *, parameters: int, bytes_per_weight: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
) -> tuple[float, float]:
    """Weights, and keys and values of one group at its fullest, in GB.

    Args:
        parameters: number of weights.
        bytes_per_weight: 2 in bf16, 4 in float32.
        kv_cache_bytes_per_token: keys and values of one token in bf16; doubled for float32.
        branches: that are decoded together.
        tokens: most that one of them writes.
    """
    cache = kv_cache_bytes_per_token * bytes_per_weight / 2 * branches * tokens
    return parameters * bytes_per_weight / 1e9, cache / 1e9
