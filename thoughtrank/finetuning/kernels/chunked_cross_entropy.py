"""Cross-entropy of an output layer without the whole table of logits.

Shapes: N targets, D hidden size, V size of the vocabulary, C targets in a chunk.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from thoughtrank.finetuning.distributed.sharded_parameters import is_zero3_partitioned

LOGIT_BYTES = {"cpu": 1 << 24, "cuda": 1 << 28}
"""Of one chunk's float32 logits, by device: all activations wait in memory beside it, and a GPU wants larger products."""

_ROWS = 1 << 13  # of the weight's gradient that are added at once, for the sake of memory too


def chunked_cross_entropy(*, hidden: Tensor, head: nn.Module, target_ids: Tensor) -> Tensor:
    """Mean cross-entropy of ``head(hidden)`` against ``target_ids``, in nats (a float32 scalar).

    A chunk of logits is made, turned into its part of the loss and of the gradients, and forgotten. An output layer that
    is more than one whole matrix on this device (it has a bias, or its weight is split over devices) is called chunk by
    chunk and called again in the backward pass.

    Args:
        hidden: [N, D] states that predict the targets.
        head: from [.., D] to logits [.., V].
        target_ids: [N].
    """
    weight = getattr(head, "weight", None)
    whole = (
        type(head) is nn.Linear
        and head.bias is None
        and type(weight) is nn.Parameter
        and not is_zero3_partitioned(weight)
    )
    if whole:
        return _FusedLoss.apply(hidden, weight, target_ids)
    num_targets = len(target_ids)
    size = _targets_per_chunk(hidden, vocabulary=_vocabulary(head))
    losses = [
        checkpoint(
            _sum_of_chunk, head, hidden[start : start + size], target_ids[start : start + size], use_reentrant=False
        )
        for start in range(0, num_targets, size)
    ]
    return torch.stack(losses).sum() / num_targets


def _targets_per_chunk(hidden: Tensor, *, vocabulary: int) -> int:
    return max(1, LOGIT_BYTES.get(hidden.device.type, LOGIT_BYTES["cpu"]) // (4 * vocabulary))


def _sum_of_chunk(head: nn.Module, hidden: Tensor, target_ids: Tensor) -> Tensor:
    return nn.functional.cross_entropy(head(hidden).float(), target_ids, reduction="sum")


def _vocabulary(head: nn.Module) -> int:
    """Number of logits; an output layer that does not say so is taken for a large one."""
    return int(getattr(head, "out_features", 1 << 18))


class _FusedLoss(torch.autograd.Function):
    """Loss and gradients of a chunk in one go: the gradient of a mean is known but for a factor (Liger, arXiv 2410.10989)."""

    @staticmethod
    def forward(context: Any, hidden: Tensor, weight: Tensor, target_ids: Tensor) -> Tensor:
        """See ``chunked_cross_entropy``; weight is [V, D]."""
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        wanted = any(context.needs_input_grad)
        num_targets = len(target_ids)
        size = _targets_per_chunk(hidden, vocabulary=len(weight))
        with torch.autocast(device, enabled=False):
            states, matrix = hidden.to(dtype), weight.to(dtype)
            for_hidden = torch.empty_like(states) if wanted else None
            for_weight = torch.zeros_like(weight) if wanted else None
            total = hidden.new_zeros((), dtype=torch.float32)
            for start in range(0, num_targets, size):
                chunk, wanted_ids = states[start : start + size], target_ids[start : start + size, None]
                logits = (chunk @ matrix.T).float()
                normalizer = torch.logsumexp(logits, dim=-1, keepdim=True)
                total += (normalizer - logits.gather(1, wanted_ids)).sum()
                if for_hidden is None or for_weight is None:
                    continue
                # softmax minus one at the target, over the number of targets
                for_logits = logits.sub_(normalizer).exp_()
                for_logits.scatter_add_(1, wanted_ids, torch.full_like(normalizer, -1.0))
                for_logits = for_logits.mul_(1 / num_targets).to(dtype)
                torch.matmul(for_logits, matrix, out=for_hidden[start : start + size])
                for rows in range(0, len(weight), _ROWS):
                    for_weight[rows : rows + _ROWS] += for_logits[:, rows : rows + _ROWS].T @ chunk
        if for_hidden is not None and for_weight is not None:
            context.save_for_backward(for_hidden.to(hidden.dtype), for_weight)
        return total / num_targets

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> Any:
        """Gradients of hidden states and weight."""
        for_hidden, for_weight = context.saved_tensors
        factor = gradient.item()
        if factor != 1.0:
            # In place: nobody else has them, and this backward pass is the only one.
            for_hidden.mul_(factor)
            for_weight.mul_(factor)
        return for_hidden, for_weight, None
