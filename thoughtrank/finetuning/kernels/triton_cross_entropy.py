"""Cross-entropy of logits with its gradient in their place, as one Triton kernel: two passes over memory instead of ten.

Imported only where Triton can be; see ``chunked_cross_entropy``. Shapes: C targets, V vocabulary size.
"""

# ruff: noqa: ANN001, ANN202 (Triton reads the signature of a kernel)

import torch
import triton
import triton.language as tl
from torch import Tensor

_MAX_BLOCK = 32768
_WARPS = 32
"""The fastest of those measured on an H100; from 4096 and 8 warps on they differ by a tenth."""


def cross_entropy_in_place(logits: Tensor, target_ids: Tensor, *, losses: Tensor, scale: float) -> None:
    """Write the losses, and replace the logits by the gradient of the sum of the losses times ``scale``.

    Args:
        logits: [C, V] contiguous, in any floating-point format; computed with in float32.
        target_ids: [C].
        losses: [C] float32, written.
        scale: factor on the gradient.
    """
    rows, vocabulary = logits.shape
    block = min(_MAX_BLOCK, triton.next_power_of_2(vocabulary))
    with torch.cuda.device_of(logits):  # Triton launches on the current device
        _cross_entropy[(rows,)](logits, target_ids, losses, scale, vocabulary, BLOCK=block, num_warps=_WARPS)


@triton.jit
def _cross_entropy(logits, target_ids, losses, scale, vocabulary, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    """One program per target: a pass for the maximum and the normalizer, and one for the gradient."""
    row = tl.program_id(0).to(tl.int64)
    logits += row * vocabulary
    target = tl.load(target_ids + row)
    at_target = tl.load(logits + target).to(tl.float32)
    columns = tl.arange(0, BLOCK)
    highest = float("-inf")
    total = 0.0
    for start in range(0, vocabulary, BLOCK):
        values = tl.load(logits + start + columns, mask=start + columns < vocabulary, other=float("-inf"))
        values = values.to(tl.float32)
        new_highest = tl.maximum(highest, tl.max(values, axis=0))
        total = total * tl.exp(highest - new_highest) + tl.sum(tl.exp(values - new_highest), axis=0)
        highest = new_highest
    normalizer = highest + tl.log(total)
    tl.store(losses + row, normalizer - at_target)
    for start in range(0, vocabulary, BLOCK):
        inside = start + columns < vocabulary
        values = tl.load(logits + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
        probabilities = tl.exp(values - normalizer)
        gradient = tl.where(start + columns == target, probabilities - 1.0, probabilities) * scale
        tl.store(logits + start + columns, gradient.to(logits.dtype.element_ty), mask=inside)
