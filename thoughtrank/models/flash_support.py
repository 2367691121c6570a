"""Whether a device computes attention with the FlashAttention that torch contains (arXiv 2307.08691)."""

import torch

_MAX_HEAD_DIM = 256
_FIRST_CAPABILITY = (8, 0)


def supports_flash(*, device: torch.device, dtype: torch.dtype, head_dim: int) -> bool:
    """Whether it runs there, on queries, keys and values of this dtype and head_dim. On AMD's devices it does not."""
    return (
        device.type == "cuda"
        and dtype in (torch.bfloat16, torch.float16)
        and head_dim % 8 == 0
        and head_dim <= _MAX_HEAD_DIM
        and torch.version.cuda is not None
        and torch.cuda.get_device_capability(device) >= _FIRST_CAPABILITY
    )
