"""Micro-batches: packed into one row, or padded to one row per example.

Shapes: B rows (1 where examples are packed), T tokens of the longest row, N targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from thoughtrank.finetuning.batching.packing import Packing, pack


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch.

    Attributes:
        token_ids: [B, T], padded on the right.
        position_ids: [B, T], each token's position in its own example.
        attention_mask: [B, T], 1 on real tokens; None where examples are packed.
        packing: who sees whom where examples are packed, else None.
        predictors: [N], places in the flattened [B * T] whose hidden states predict the targets.
        target_ids: [N], the tokens to be predicted, example by example.
        share: this micro-batch's share of the target tokens of its optimizer step, over all ranks (the loss of a step is
            their mean).
        question_ids: of its examples.
        num_tokens: tokens the model computes, without padding.
    """

    token_ids: Tensor
    position_ids: Tensor
    attention_mask: Tensor | None
    packing: Packing | None
    predictors: Tensor
    target_ids: Tensor
    share: float
    question_ids: tuple[str, ...]
    num_tokens: int

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return replace(
            self,
            token_ids=self.token_ids.to(device),
            position_ids=self.position_ids.to(device),
            attention_mask=None if self.attention_mask is None else self.attention_mask.to(device),
            packing=None if self.packing is None else self.packing.to(device),
            predictors=self.predictors.to(device),
            target_ids=self.target_ids.to(device),
        )


def target_states(model: Any, batch: Batch) -> Tensor:
    """The last hidden states [N, D] that predict the batch's targets."""
    packing = {} if batch.packing is None else {"packing": batch.packing}
    output = model.get_decoder()(
        input_ids=batch.token_ids,
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
        **packing,
    )
    hidden: Tensor = output.last_hidden_state
    return hidden.flatten(0, 1).index_select(0, batch.predictors)


def packed_batch(
    examples: Sequence[tuple[tuple[int, ...], int]], *, share: float, question_ids: tuple[str, ...]
) -> Batch:
    """Examples (token ids, place of the first target) side by side in one row, shared prompts once."""
    packed = pack(examples)
    return Batch(
        token_ids=packed.token_ids[None],
        position_ids=packed.packing.positions[None],
        attention_mask=None,
        packing=packed.packing,
        predictors=torch.tensor([place for places in packed.predictors for place in places]),
        target_ids=_target_ids(examples),
        share=share,
        question_ids=question_ids,
        num_tokens=len(packed.token_ids),
    )


def padded_batch(
    examples: Sequence[tuple[tuple[int, ...], int]], *, share: float, question_ids: tuple[str, ...], padding_id: int
) -> Batch:
    """Examples (token ids, place of the first target) in one row each, padded on the right."""
    longest = max(len(token_ids) for token_ids, _ in examples)
    token_ids = torch.full((len(examples), longest), padding_id)
    attention_mask = torch.zeros_like(token_ids)
    predictors: list[int] = []
    for row, (ids, first_target) in enumerate(examples):
        token_ids[row, : len(ids)] = torch.tensor(ids)
        attention_mask[row, : len(ids)] = 1
        predictors.extend(range(row * longest + first_target - 1, row * longest + len(ids) - 1))
    return Batch(
        token_ids=token_ids,
        position_ids=torch.arange(longest).expand(len(examples), -1),
        attention_mask=attention_mask,
        packing=None,
        predictors=torch.tensor(predictors),
        target_ids=_target_ids(examples),
        share=share,
        question_ids=question_ids,
        num_tokens=sum(len(ids) for ids, _ in examples),
    )


def _target_ids(examples: Sequence[tuple[tuple[int, ...], int]]) -> Tensor:
    return torch.tensor([token for ids, first_target in examples for token in ids[first_target:]])
