"""Cross-entropy of an output layer that never holds all logits in memory.

Shapes: N targets, D hidden size, V vocabulary size, C targets per chunk.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from thoughtrank.finetuning.kernels.autograd import AutogradContext, compute_dtype
from thoughtrank.finetuning.kernels.plain_linear import is_plain_linear

LOGIT_BYTES = {"cpu": 1 << 24, "cuda": 1 << 28}
"""Size of one chunk of float32 logits by device type: it adds to the peak of memory, and a GPU needs larger matmuls."""

_UNKNOWN_VOCABULARY = 1 << 18
_WEIGHT_ROWS = 1 << 13
"""Rows of the weight's gradient that are added at once, to bound the temporary memory."""


def chunked_cross_entropy(*, hidden: Tensor, head: nn.Module, target_ids: Tensor) -> Tensor:
    """Mean cross-entropy of ``head(hidden)`` against ``target_ids``, in nats (a float32 scalar).

    For a plain linear output layer, loss and gradients of a chunk are computed in the forward pass, and its logits are
    freed. Any other output layer (with bias, adapter or partitioned weight) is called chunk by chunk under activation
    checkpointing.

    Args:
        hidden: [N, D] hidden states that predict the targets.
        head: output layer from [.., D] to logits [.., V].
        target_ids: [N].
    """
    if is_plain_linear(head):
        loss: Tensor = _FusedLinearCrossEntropy.apply(hidden, head.weight, target_ids)
        return loss
    num_targets = len(target_ids)
    size = _targets_per_chunk(hidden, vocabulary=int(getattr(head, "out_features", _UNKNOWN_VOCABULARY)))
    losses = [
        checkpoint(
            _chunk_loss, head, hidden[start : start + size], target_ids[start : start + size], use_reentrant=False
        )
        for start in range(0, num_targets, size)
    ]
    return torch.stack(losses).sum() / num_targets


def _targets_per_chunk(hidden: Tensor, *, vocabulary: int) -> int:
    return max(1, LOGIT_BYTES.get(hidden.device.type, LOGIT_BYTES["cpu"]) // (4 * vocabulary))


def _chunk_loss(head: nn.Module, hidden: Tensor, target_ids: Tensor) -> Tensor:
    """Summed over [C] targets."""
    return nn.functional.cross_entropy(head(hidden).float(), target_ids, reduction="sum")


class _FusedLinearCrossEntropy(torch.autograd.Function):
    """Computes gradients in the forward pass: the incoming gradient of a mean is one factor (Liger, arXiv 2410.10989)."""

    @staticmethod
    def forward(context: AutogradContext, hidden: Tensor, weight: Tensor, target_ids: Tensor) -> Tensor:
        """Hidden [N, D], weight [V, D], target_ids [N]; returns the mean loss."""
        dtype, needs_gradients, num_targets = compute_dtype(weight), any(context.needs_input_grad), len(target_ids)
        size = _targets_per_chunk(hidden, vocabulary=len(weight))
        with torch.autocast(hidden.device.type, enabled=False):
            states, matrix = hidden.to(dtype), weight.to(dtype)
            hidden_gradient = torch.empty_like(states) if needs_gradients else None
            weight_gradient = torch.zeros_like(weight) if needs_gradients else None
            total = hidden.new_zeros((), dtype=torch.float32)
            for start in range(0, num_targets, size):
                chunk, targets = states[start : start + size], target_ids[start : start + size, None]
                logits = (chunk @ matrix.T).float()
                normalizer = torch.logsumexp(logits, dim=-1, keepdim=True)
                total += (normalizer - logits.gather(1, targets)).sum()
                if hidden_gradient is not None and weight_gradient is not None:
                    gradient = _logit_gradient(logits, normalizer, targets).mul_(1 / num_targets).to(dtype)
                    torch.matmul(gradient, matrix, out=hidden_gradient[start : start + size])
                    _add_weight_gradient(weight_gradient, gradient, chunk)
        if hidden_gradient is not None and weight_gradient is not None:
            context.save_for_backward(hidden_gradient.to(hidden.dtype), weight_gradient)
        return total / num_targets

    @staticmethod
    @once_differentiable
    def backward(context: AutogradContext, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of hidden states and weight."""
        hidden_gradient, weight_gradient = context.saved_tensors
        factor = gradient.item()
        if factor != 1.0:
            # In place: no one else holds these tensors, and this backward pass is the only one.
            hidden_gradient.mul_(factor)
            weight_gradient.mul_(factor)
        return hidden_gradient, weight_gradient, None


def _logit_gradient(logits: Tensor, normalizer: Tensor, targets: Tensor) -> Tensor:
    """Softmax minus one at the target, [C, V], computed in the memory of ``logits``; normalizer and targets [C, 1]."""
    probabilities = logits.sub_(normalizer).exp_()
    return probabilities.scatter_add_(1, targets, torch.full_like(normalizer, -1.0))


def _add_weight_gradient(total: Tensor, logit_gradient: Tensor, states: Tensor) -> None:
    """Add logit_gradient.T @ states to ``total`` [V, D]; logit_gradient [C, V], states [C, D]."""
    for start in range(0, len(total), _WEIGHT_ROWS):
        rows = slice(start, start + _WEIGHT_ROWS)
        total[rows] += logit_gradient[:, rows].T @ states
