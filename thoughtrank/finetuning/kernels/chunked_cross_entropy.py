"""Cross-entropy of an output layer that never holds all logits in memory.

Shapes: N targets, D hidden size, V vocabulary size, C targets per chunk.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from thoughtrank.finetuning.kernels.autograd import AutogradContext, compute_dtype
from thoughtrank.finetuning.kernels.plain_linear import is_partitioned_linear, is_plain_linear
from thoughtrank.output.terminal import print_text

LOGIT_BYTES = {"cpu": 1 << 24, "cuda": 1 << 28}
"""Size of one chunk of float32 logits by device type: it adds to the peak of memory."""

MATMUL_BYTES = {"cpu": 1 << 25, "cuda": 1 << 30}
"""Logits that are multiplied at once, in their own number format. The whole gradient of the weight is read and written once for
each such part, so parts should be few."""

_UNKNOWN_VOCABULARY = 1 << 18
_WEIGHT_ROWS = 1 << 13
"""Rows of the weight's gradient that are added at once, to bound the temporary memory."""


def chunked_cross_entropy(
    *, hidden: Tensor, head: nn.Module, target_ids: Tensor, target_weights: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy of ``head(hidden)`` against ``target_ids``, in nats (a float32 scalar).

    For a plain linear output layer, loss and gradients of a chunk are computed in the forward pass, and its logits are
    freed. One that ZeRO-3 partitions is gathered once for all chunks. Any other output layer (with bias or adapter) is called
    chunk by chunk under activation checkpointing.

    Args:
        hidden: [N, D] hidden states that predict the targets.
        head: output layer from [.., D] to logits [.., V].
        target_ids: [N].
        target_weights: [N] float32, factors on the losses; the mean is their weighted sum, divided by N. None for 1.
    """
    if is_plain_linear(head):
        return _loss_of_matrix(hidden, head.weight, target_ids, target_weights)
    if is_partitioned_linear(head):
        return _loss_inside(head, hidden, target_ids, target_weights)
    num_targets = len(target_ids)
    size = _targets_per_chunk(hidden, vocabulary=int(getattr(head, "out_features", _UNKNOWN_VOCABULARY)))
    losses = [
        checkpoint(
            _chunk_loss,
            head,
            hidden[start : start + size],
            target_ids[start : start + size],
            None if target_weights is None else target_weights[start : start + size],
            use_reentrant=False,
        )
        for start in range(0, num_targets, size)
    ]
    return torch.stack(losses).sum() / num_targets


def _loss_of_matrix(hidden: Tensor, weight: Tensor, target_ids: Tensor, target_weights: Tensor | None) -> Tensor:
    if not torch.is_grad_enabled():
        # Autograd says what its inputs require, and not that nobody will ask for a gradient.
        hidden, weight = hidden.detach(), weight.detach()
    loss: Tensor = _FusedLinearCrossEntropy.apply(hidden, weight, target_ids, target_weights)
    return loss


def _loss_inside(head: nn.Linear, hidden: Tensor, target_ids: Tensor, target_weights: Tensor | None) -> Tensor:
    """The loss as the forward pass of ``head``: DeepSpeed's hooks gather its weight before, and release it after."""

    def forward(states: Tensor) -> Tensor:
        return _loss_of_matrix(states, head.weight, target_ids, target_weights)

    head.forward = forward  # type: ignore[method-assign, assignment]
    try:
        loss: Tensor = head(hidden)
        return loss
    finally:
        del head.forward


def _targets_per_chunk(hidden: Tensor, *, vocabulary: int) -> int:
    return max(1, LOGIT_BYTES.get(hidden.device.type, LOGIT_BYTES["cpu"]) // (4 * vocabulary))


def _chunk_loss(head: nn.Module, hidden: Tensor, target_ids: Tensor, weights: Tensor | None) -> Tensor:
    """Summed over [C] targets."""
    if weights is None:
        return nn.functional.cross_entropy(head(hidden).float(), target_ids, reduction="sum")
    return (nn.functional.cross_entropy(head(hidden).float(), target_ids, reduction="none") * weights).sum()


class _FusedLinearCrossEntropy(torch.autograd.Function):
    """Computes gradients in the forward pass: the incoming gradient of a mean is one factor (Liger, arXiv 2410.10989)."""

    @staticmethod
    def forward(
        context: AutogradContext, hidden: Tensor, weight: Tensor, target_ids: Tensor, target_weights: Tensor | None
    ) -> Tensor:
        """Hidden [N, D], weight [V, D], target_ids and target_weights [N]; returns the mean loss."""
        dtype, num_targets = compute_dtype(weight), len(target_ids)
        # A frozen weight needs none: that saves a third of the matmuls.
        needs_hidden, needs_weight = context.needs_input_grad[:2]
        size = _targets_per_matmul(hidden, vocabulary=len(weight), dtype=dtype)
        with torch.autocast(hidden.device.type, enabled=False):
            states, matrix = hidden.to(dtype), weight.to(dtype)
            hidden_gradient = torch.empty_like(states) if needs_hidden else None
            # In bf16, the sum of many chunks would lose what each adds.
            sum_dtype = weight.dtype if num_targets <= size else torch.float32
            weight_gradient = torch.zeros_like(weight, dtype=sum_dtype) if needs_weight else None
            total = hidden.new_zeros((), dtype=torch.float32)
            for start in range(0, num_targets, size):
                chunk = states[start : start + size]
                logits = chunk @ matrix.T
                scale = 1 / num_targets if needs_hidden or needs_weight else None
                total += _loss_and_gradient(
                    logits,
                    target_ids[start : start + size],
                    scale=scale,
                    weights=None if target_weights is None else target_weights[start : start + size],
                )
                if hidden_gradient is not None:
                    torch.matmul(logits, matrix, out=hidden_gradient[start : start + size])
                if weight_gradient is not None:
                    _add_weight_gradient(weight_gradient, logits, chunk)
                del logits
        context.save_for_backward(
            None if hidden_gradient is None else hidden_gradient.to(hidden.dtype),
            None if weight_gradient is None else weight_gradient.to(weight.dtype),
        )
        return total / num_targets

    @staticmethod
    @once_differentiable
    def backward(context: AutogradContext, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        """Gradients of hidden states and weight; None for one that needs none."""
        gradients: tuple[Tensor | None, ...] = context.saved_tensors
        hidden_gradient, weight_gradient = gradients
        # Its value is not read on other devices: that would wait for them.
        factor = gradient.item() if gradient.device.type == "cpu" else gradient
        if isinstance(factor, Tensor) or factor != 1.0:
            # In place: no one else holds these tensors, and this backward pass is the only one.
            for each in (hidden_gradient, weight_gradient):
                if each is not None:
                    each.mul_(factor)
        return hidden_gradient, weight_gradient, None, None


def _targets_per_matmul(hidden: Tensor, *, vocabulary: int, dtype: torch.dtype) -> int:
    bytes_at_once = MATMUL_BYTES.get(hidden.device.type)
    if bytes_at_once is None:
        return _targets_per_chunk(hidden, vocabulary=vocabulary)
    return max(1, bytes_at_once // (dtype.itemsize * vocabulary))


def _loss_and_gradient(
    logits: Tensor, target_ids: Tensor, *, scale: float | None, weights: Tensor | None = None
) -> Tensor:
    """Loss summed over [C] targets; the logits [C, V] become its gradient times ``scale``, unless that is None.

    Each loss is multiplied by its weight, if there are ``weights`` [C].
    """
    total = logits.new_zeros((), dtype=torch.float32)
    if scale is not None and (kernel := fused_cross_entropy(logits.device)):
        losses = torch.empty(len(logits), dtype=torch.float32, device=logits.device)
        kernel(logits, target_ids, losses=losses, scale=scale)
        if weights is None:
            return losses.sum()
        logits.mul_(weights[:, None])
        return (losses * weights).sum()
    size = _targets_per_chunk(logits, vocabulary=logits.shape[1])
    for start in range(0, len(logits), size):
        part, targets = logits[start : start + size], target_ids[start : start + size, None]
        factors = None if weights is None else weights[start : start + size, None]
        wide = part.float()
        normalizer = torch.logsumexp(wide, dim=-1, keepdim=True)
        losses = normalizer - wide.gather(1, targets)
        total += (losses if factors is None else losses * factors).sum()
        if scale is not None:
            gradient = _logit_gradient(wide, normalizer, targets).mul_(scale)
            gradient = gradient if factors is None else gradient.mul_(factors)
            if gradient.dtype != part.dtype:
                part.copy_(gradient)
    return total


@cache
def compiles_triton(device: torch.device) -> bool:
    """Whether Triton kernels run on a device, found with that of the loss: on CUDA devices, with the package and a C compiler.

    If not, the reason is printed.
    """
    if device.type != "cuda":
        return False
    try:
        from thoughtrank.finetuning.kernels.triton_cross_entropy import cross_entropy_in_place

        logits = torch.zeros(1, 2, device=device)
        cross_entropy_in_place(
            logits, torch.zeros(1, dtype=torch.long, device=device), losses=logits.new_zeros(1), scale=1.0
        )
    except Exception as error:  # a compiler fails in many ways, and training works without it
        print_text(f"the loss is computed without its Triton kernel ({type(error).__name__}: {error})")
        return False
    return True


def fused_cross_entropy(device: torch.device) -> Callable[..., None] | None:
    """The Triton kernel of the loss where it can be compiled."""
    if not compiles_triton(device):
        return None
    from thoughtrank.finetuning.kernels.triton_cross_entropy import cross_entropy_in_place

    return cross_entropy_in_place


def _logit_gradient(logits: Tensor, normalizer: Tensor, targets: Tensor) -> Tensor:
    """Softmax minus one at the target, [C, V], computed in the memory of ``logits``; normalizer and targets [C, 1]."""
    probabilities = logits.sub_(normalizer).exp_()
    return probabilities.scatter_add_(1, targets, torch.full_like(normalizer, -1.0))


def _add_weight_gradient(total: Tensor, logit_gradient: Tensor, states: Tensor) -> None:
    """Add logit_gradient.T @ states to ``total`` [V, D]; logit_gradient [C, V], states [C, D]."""
    if total.device.type != "cpu" and total.dtype == states.dtype:
        total.addmm_(logit_gradient.T, states)
        return
    for start in range(0, len(total), _WEIGHT_ROWS):
        rows = slice(start, start + _WEIGHT_ROWS)
        total[rows] += logit_gradient[:, rows].T @ states
