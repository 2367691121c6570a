"""What the processor of this machine can do."""


def multiplies_bf16() -> bool:
    """Whether the processor multiplies bf16 itself (AMX or avx512_bf16); one that emulates it is slower than in float32.

    The processor's flags decide, not a measurement: a resumed run must not find another answer because the machine was busy.
    """
    import torch

    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
