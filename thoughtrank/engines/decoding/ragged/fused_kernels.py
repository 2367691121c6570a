"""Whether fused kernels of a decoding step can be used: Triton has to be installed, compile, and agree with torch."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.ragged.ragged_attention import Spans, flash_attention, ragged_attention
from thoughtrank.output.terminal import print_warning

_TOLERANCE = 0.05
"""A few times the last bit of bfloat16, which is 0.008 of a number."""


@dataclass(frozen=True, slots=True)
class FusedKernels:
    """The functions of ``triton_kernels.py``."""

    attend_own: Callable[..., Tensor]
    rotate_and_store: Callable[..., Tensor]
    silu_mul: Callable[[Tensor], Tensor]


def fused_kernels(cache: KVCache) -> FusedKernels | None:
    """The kernels for a model with such a cache; None where torch's own have to do.

    A machine without a C compiler cannot use Triton, and finds that out only when it compiles.
    """
    size = cache.head_dim
    if cache.device.type != "cuda" or size & (size - 1) or size < 16 or importlib.util.find_spec("triton") is None:
        return None
    try:
        from thoughtrank.engines.decoding.ragged import triton_kernels

        kernels = FusedKernels(triton_kernels.attend_own, triton_kernels.rotate_and_store, triton_kernels.silu_mul)
        difference = largest_difference(kernels, cache)
    except Exception as error:
        print_warning(f"decoding runs without fused kernels, which costs time: {type(error).__name__}: {error}")
        return None
    if not difference <= _TOLERANCE:
        print_warning(f"decoding runs without fused kernels: their results differ by {difference:.3g}")
        return None
    return kernels


@torch.inference_mode()
def largest_difference(kernels: FusedKernels, cache: KVCache) -> float:
    """Of the kernels from what torch computes, on a few random rows; relative to numbers above 1."""
    generator = torch.Generator(device=cache.device).manual_seed(0)
    rows, size, kv_heads, tokens, prompt = 3, cache.head_dim, cache.kv_heads, 70, 20
    query_heads = 3 * kv_heads

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, device=cache.device).to(cache.dtype)

    def integers(*values: int) -> Tensor:
        return torch.tensor(values, dtype=torch.int32, device=cache.device)

    keys, values = random(prompt + rows * tokens, kv_heads, size), random(prompt + rows * tokens, kv_heads, size)
    heads, cosines, sines = random(rows, query_heads + 2 * kv_heads, size), random(rows, 1, size), random(rows, 1, size)
    starts = [prompt + 2 * tokens, prompt, prompt + tokens]
    own = Spans(integers(0, 1, 2, 3), integers(*starts, 0), integers(tokens, 1, 33), 1, tokens)
    of_prompt = Spans(integers(0, rows), integers(0, 0), integers(prompt), rows, prompt)
    slots = torch.tensor(
        [start + int(used) - 1 for start, used in zip(starts, own.used, strict=True)], device=cache.device
    )
    expected_keys, expected_values = keys.clone(), values.clone()
    turning = heads[:, :-kv_heads]
    turned = torch.addcmul(turning * cosines, turning.roll(size // 2, -1), sines)
    expected_keys[slots], expected_values[slots] = turned[:, query_heads:], heads[:, -kv_heads:]
    query = kernels.rotate_and_store(heads, cosines, sines, keys=keys, values=values, slots=slots)
    scaling = size**-0.5
    expected = ragged_attention(
        turned[:, :query_heads], expected_keys, expected_values, own=own, prompts=of_prompt, scaling=scaling
    )
    prompt_output, prompt_sums = flash_attention(query, keys, values, of_prompt, scaling=scaling)
    output = kernels.attend_own(
        query,
        keys,
        values,
        starts=own.starts,
        used=own.used,
        prompt_output=prompt_output,
        prompt_sums=prompt_sums,
        scaling=scaling,
    )
    joined = random(rows, 2 * size)
    gate, up = joined.chunk(2, dim=-1)
    pairs = [
        (query, turned[:, :query_heads]),
        (keys, expected_keys),
        (values, expected_values),
        (output, expected),
        (kernels.silu_mul(joined), torch.nn.functional.silu(gate) * up),
    ]
    differences = [
        ((found.float() - right.float()).abs() / right.float().abs().clamp(min=1.0)).max() for found, right in pairs
    ]
    return float(torch.stack(differences).max())  # NaN if one of them is.
