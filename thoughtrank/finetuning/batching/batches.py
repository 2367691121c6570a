"""Micro-batches: examples packed into one row, or padded to one row each.

Shapes: B rows (1 where examples are packed), T tokens per row, N targets, D hidden size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packed_layout import PackedLayout
from thoughtrank.finetuning.batching.packing import pack

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch.

    Attributes:
        token_ids: [B, T], padded on the right.
        position_ids: [B, T], each token's position in its own example.
        attention_mask: [B, T], 1 on real tokens; None for packed batches.
        packing: attention layout of packed batches, else None.
        predictor_indices: [N], indices into the flattened [B * T] hidden states that predict the targets.
        target_ids: [N], the target tokens, example by example.
        loss_weight: weight of this micro-batch's mean loss in its optimizer step: its fraction of the step's target
            tokens over all ranks.
        question_ids: one per example.
        num_tokens: tokens the model computes, without padding.
        total_weight: sum of the weights of its targets.
        target_weights: [N] float32, factors on the losses of the targets; None where all are 1.
    """

    token_ids: Tensor
    position_ids: Tensor
    attention_mask: Tensor | None
    packing: PackedLayout | None
    predictor_indices: Tensor
    target_ids: Tensor
    loss_weight: float
    question_ids: tuple[str, ...]
    num_tokens: int
    total_weight: float
    target_weights: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Copy to another device; one with a queue of its own is not waited for, if the batch is in pinned memory."""

        def copy(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=device.type == "cuda")

        return self._map(copy)

    def pinned(self) -> "Batch":
        """Copy to pinned main memory, which CUDA devices read by themselves."""
        return self._map(lambda tensor: tensor.contiguous().pin_memory())

    def _map(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """With every tensor changed."""
        packing = None if self.packing is None else self.packing.map(change)
        return replace(
            self,
            token_ids=change(self.token_ids),
            position_ids=change(self.position_ids) if packing is None else packing.positions[None],
            attention_mask=None if self.attention_mask is None else change(self.attention_mask),
            packing=packing,
            predictor_indices=change(self.predictor_indices),
            target_ids=change(self.target_ids),
            target_weights=None if self.target_weights is None else change(self.target_weights),
        )


def target_states(model: "PreTrainedModel", batch: Batch) -> Tensor:
    """Run the decoder and return the last hidden states [N, D] that predict the targets."""
    packing = {} if batch.packing is None else {"packing": batch.packing}
    if batch.packing is not None and batch.token_ids.device.type != "cuda":
        # Kernels of other devices need the blocks. Made here, they are no part of a compiled layer.
        _ = batch.packing.blocked
    output = model.get_decoder()(
        input_ids=batch.token_ids,
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
        **packing,
    )
    hidden: Tensor = output.last_hidden_state
    return hidden.flatten(0, 1).index_select(0, batch.predictor_indices)


def packed_batch(examples: Sequence[EncodedExample], *, loss_weight: float) -> Batch:
    """Pack the examples into one row, each shared prompt once."""
    packed = pack(examples)
    return Batch(
        token_ids=packed.token_ids[None],
        position_ids=packed.layout.positions[None],
        attention_mask=None,
        packing=packed.layout,
        predictor_indices=torch.tensor([index for indices in packed.predictor_indices for index in indices]),
        target_ids=_target_ids(examples),
        loss_weight=loss_weight,
        question_ids=tuple(example.question_id for example in examples),
        num_tokens=len(packed.token_ids),
        total_weight=_total_weight(examples),
        target_weights=_target_weights(examples),
    )


def padded_batch(examples: Sequence[EncodedExample], *, loss_weight: float, padding_id: int) -> Batch:
    """Put each example in its own row, padded on the right to the longest."""
    longest = max(len(example.token_ids) for example in examples)
    token_ids = torch.full((len(examples), longest), padding_id)
    attention_mask = torch.zeros_like(token_ids)
    predictor_indices: list[int] = []
    for row, example in enumerate(examples):
        size = len(example.token_ids)
        token_ids[row, :size] = torch.tensor(example.token_ids)
        attention_mask[row, :size] = 1
        predictor_indices.extend(range(row * longest + example.loss_start - 1, row * longest + size - 1))
    return Batch(
        token_ids=token_ids,
        position_ids=torch.arange(longest).expand(len(examples), -1),
        attention_mask=attention_mask,
        packing=None,
        predictor_indices=torch.tensor(predictor_indices),
        target_ids=_target_ids(examples),
        loss_weight=loss_weight,
        question_ids=tuple(example.question_id for example in examples),
        num_tokens=sum(len(example.token_ids) for example in examples),
        total_weight=_total_weight(examples),
        target_weights=_target_weights(examples),
    )


def _target_ids(examples: Sequence[EncodedExample]) -> Tensor:
    return torch.tensor([token for example in examples for token in example.token_ids[example.loss_start :]])


def _total_weight(examples: Sequence[EncodedExample]) -> float:
    return sum(example.weight * example.num_targets for example in examples)


def _target_weights(examples: Sequence[EncodedExample]) -> Tensor | None:
    if all(example.weight == 1.0 for example in examples):
        return None
    return torch.tensor([example.weight for example in examples for _ in range(example.num_targets)])
