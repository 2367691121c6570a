"""What the hardware of this machine can do."""


def multiplies_bf16() -> bool:
    """Whether the CPU multiplies bf16 in hardware (AMX or avx512_bf16); emulated bf16 is slower than float32.

    Decided by CPU flags, not by a measurement: a resumed run must get the same answer on a busy machine.
    """
    import torch

    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def has_device(kind: str) -> bool:
    """Whether this machine has a device of that kind: ``cpu``, ``cuda`` or ``mps``."""
    import torch

    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind != "cuda" or torch.cuda.is_available()
