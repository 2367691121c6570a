"""The kernels in Triton's interpreter, which needs the package but no GPU."""

from triton_interpreter import needs_triton, run_interpreted

_PROGRAM = """
import torch
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.ragged import fused_kernels, triton_kernels
from thoughtrank.engines.decoding.ragged.ragged_attention import defined_attention
fused_kernels.flash_attention = defined_attention
triton_kernels._COLUMNS = 16
kernels = fused_kernels.FusedKernels(
    triton_kernels.attend_own, triton_kernels.rotate_and_store, triton_kernels.silu_mul
)
for size in (16, 64):
    cache = KVCache(layers=1, kv_heads=2, head_dim=size, dtype=torch.float32, device=torch.device("cpu"))
    difference = fused_kernels.largest_difference(kernels, cache)
    assert difference < 1e-5, difference
"""


@needs_triton
def test_they_compute_what_torch_computes():
    run_interpreted(_PROGRAM)
