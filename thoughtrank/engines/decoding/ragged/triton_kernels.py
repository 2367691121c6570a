"""Kernels for one decoding step over regions: what several of torch's would read and write again and again, at once.

Imported only where Triton compiles; see ``fused_kernels.py``. Results are rounded where torch's operators round.

Shapes: N rows, H query heads, K key-value heads, S tokens in all regions, D head_dim (a power of two), I inner size.
"""

# ruff: noqa: ANN001, ANN202 (Triton reads the signature of a kernel)

import torch
import triton
import triton.language as tl
from torch import Tensor

_LEAST_HEADS = 16
"""Rows of the smallest matmul; the query heads of a key-value head are padded to it."""
_TOKENS = 32
_HEADS = 8
_COLUMNS = 1024


def attend_own(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    *,
    starts: Tensor,
    used: Tensor,
    prompt_output: Tensor,
    prompt_sums: Tensor,
    scaling: float,
) -> Tensor:
    """Attention of each row over its region, combined with that over its prompt.

    Args:
        query: [N, H, D].
        keys: [S, K, D].
        values: as ``keys``.
        starts: [N] first token of each region; int32.
        used: [N] tokens of each region; int32.
        prompt_output: [N, H, D].
        prompt_sums: [H, N] log-sum-exps of the scores of the prompt.
        scaling: factor on the scores.

    Returns:
        [N, H, D].
    """
    number, heads, size = query.shape
    kv_heads = keys.shape[1]
    groups = heads // kv_heads
    output = torch.empty(number, heads, size, dtype=query.dtype, device=query.device)
    _attend_own[(number, kv_heads)](
        query,
        keys,
        values,
        starts,
        used,
        prompt_output,
        prompt_sums,
        output,
        scaling,
        number,
        query.stride(0),
        prompt_output.stride(0),
        GROUPS=groups,
        PADDED=max(_LEAST_HEADS, triton.next_power_of_2(groups)),
        KV_HEADS=kv_heads,
        SIZE=size,
        TOKENS=_TOKENS,
        num_warps=2,
        num_stages=2,
    )
    return output


@triton.jit
def _attend_own(  # type: ignore[no-untyped-def]
    query,
    keys,
    values,
    starts,
    used,
    prompt_output,
    prompt_sums,
    output,
    scaling,
    number,
    query_stride,
    prompt_stride,
    GROUPS: tl.constexpr,
    PADDED: tl.constexpr,
    KV_HEADS: tl.constexpr,
    SIZE: tl.constexpr,
    TOKENS: tl.constexpr,
):
    row = tl.program_id(0)
    kv_head = tl.program_id(1)
    start = tl.load(starts + row).to(tl.int64)
    length = tl.load(used + row)
    group = tl.arange(0, PADDED)
    dims = tl.arange(0, SIZE)
    heads = kv_head * GROUPS + group
    is_head = group < GROUPS
    within = heads[:, None] * SIZE + dims[None, :]
    row64 = row.to(tl.int64)
    queries = tl.load(query + row64 * query_stride + within, mask=is_head[:, None], other=0.0)
    # The prompt is the first block: its output counts with the weight exp(log-sum-exp).
    most = tl.load(prompt_sums + heads * number + row, mask=is_head, other=0.0)
    total = tl.full([PADDED], 1.0, tl.float32)
    attended = tl.load(prompt_output + row64 * prompt_stride + within, mask=is_head[:, None], other=0.0).to(tl.float32)
    for first in range(0, length, TOKENS):
        token = first + tl.arange(0, TOKENS)
        inside = token < length
        at = (start + token)[:, None] * (KV_HEADS * SIZE) + kv_head * SIZE + dims[None, :]
        block = tl.load(keys + at, mask=inside[:, None], other=0.0)
        scores = tl.dot(queries, tl.trans(block)) * scaling
        scores = tl.where(inside[None, :], scores, float("-inf"))
        larger = tl.maximum(most, tl.max(scores, 1))
        factor = tl.exp(most - larger)
        weights = tl.exp(scores - larger[:, None])
        total = total * factor + tl.sum(weights, 1)
        of_values = tl.load(values + at, mask=inside[:, None], other=0.0)
        attended = attended * factor[:, None] + tl.dot(weights.to(of_values.dtype), of_values)
        most = larger
    result = attended / total[:, None]
    tl.store(
        output + row64 * (KV_HEADS * GROUPS * SIZE) + within, result.to(output.dtype.element_ty), mask=is_head[:, None]
    )


def rotate_and_store(
    heads: Tensor, cosines: Tensor, sines: Tensor, *, keys: Tensor, values: Tensor, slots: Tensor
) -> Tensor:
    """Rotate queries and keys, and store keys and values.

    Args:
        heads: [N, H + 2 K, D], contiguous: queries, keys, values.
        cosines: [N, 1, D], contiguous.
        sines: as ``cosines``; those of the first half of the dimensions are negated.
        keys: [S, K, D], written.
        values: as ``keys``.
        slots: [N] token of the regions that each row writes.

    Returns:
        Queries, [N, H, D].
    """
    number, all_heads, size = heads.shape
    kv_heads = keys.shape[1]
    query_heads = all_heads - 2 * kv_heads
    query = torch.empty(number, query_heads, size, dtype=heads.dtype, device=heads.device)
    _rotate_and_store[(number, triton.cdiv(all_heads, _HEADS))](
        heads,
        cosines,
        sines,
        query,
        keys,
        values,
        slots,
        QUERY_HEADS=query_heads,
        KV_HEADS=kv_heads,
        SIZE=size,
        HEADS=_HEADS,
        num_warps=4,
    )
    return query


@triton.jit
def _rotate_and_store(  # type: ignore[no-untyped-def]
    heads,
    cosines,
    sines,
    query,
    keys,
    values,
    slots,
    QUERY_HEADS: tl.constexpr,
    KV_HEADS: tl.constexpr,
    SIZE: tl.constexpr,
    HEADS: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * HEADS + tl.arange(0, HEADS)[:, None]
    dims = tl.arange(0, SIZE)[None, :]
    exists = (head < QUERY_HEADS + 2 * KV_HEADS) & (dims < SIZE)
    base = heads + row * ((QUERY_HEADS + 2 * KV_HEADS) * SIZE) + head * SIZE
    own = tl.load(base + dims, mask=exists, other=0.0)
    other = tl.load(base + (dims + SIZE // 2) % SIZE, mask=exists, other=0.0)
    cosine = tl.load(cosines + row * SIZE + dims).to(tl.float32)
    sine = tl.load(sines + row * SIZE + dims).to(tl.float32)
    turned = (own.to(tl.float32) * cosine).to(own.dtype).to(tl.float32)
    rotated = (turned + other.to(tl.float32) * sine).to(own.dtype)
    tl.store(query + row * (QUERY_HEADS * SIZE) + head * SIZE + dims, rotated, mask=exists & (head < QUERY_HEADS))
    slot = tl.load(slots + row).to(tl.int64) * (KV_HEADS * SIZE)
    is_key = exists & (head >= QUERY_HEADS) & (head < QUERY_HEADS + KV_HEADS)
    tl.store(keys + slot + (head - QUERY_HEADS) * SIZE + dims, rotated, mask=is_key)
    is_value = exists & (head >= QUERY_HEADS + KV_HEADS)
    tl.store(values + slot + (head - QUERY_HEADS - KV_HEADS) * SIZE + dims, own, mask=is_value)


def silu_mul(joined: Tensor) -> Tensor:
    """SiLU of the first half of the columns, times the second half.

    Args:
        joined: [N, 2 I], contiguous.

    Returns:
        [N, I].
    """
    number, inner = joined.shape[0], joined.shape[1] // 2
    output = torch.empty(number, inner, dtype=joined.dtype, device=joined.device)
    _silu_mul[(number, triton.cdiv(inner, _COLUMNS))](joined, output, inner, COLUMNS=_COLUMNS, num_warps=4)
    return output


@triton.jit
def _silu_mul(joined, output, inner, COLUMNS: tl.constexpr):  # type: ignore[no-untyped-def]
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    exists = column < inner
    gate = tl.load(joined + row * 2 * inner + column, mask=exists, other=0.0)
    up = tl.load(joined + row * 2 * inner + inner + column, mask=exists, other=0.0)
    wide = gate.to(tl.float32)
    activated = (wide / (1.0 + tl.exp(-wide))).to(gate.dtype).to(tl.float32)
    tl.store(output + row * inner + column, (activated * up.to(tl.float32)).to(gate.dtype), mask=exists)
