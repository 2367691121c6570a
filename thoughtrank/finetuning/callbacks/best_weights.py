"""Early stopping: keeps the weights of the epoch with the lowest loss on development examples."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytorch_lightning as pl
import torch
from torch import Tensor

from thoughtrank.finetuning.batching.batches import Batch

if TYPE_CHECKING:
    from thoughtrank.finetuning.module import FineTuningModule


class BestWeights(pl.Callback):
    """Measures the loss on development examples after each epoch, and remembers the weights of the best one.

    Training itself runs to its end, as the learning-rate schedule does, so that no patience has to be chosen. Every rank has
    to hold whole parameters. A checkpoint contains what is remembered.

    Args:
        batches: micro-batches of the development examples, whose loss weights add up to 1; the same on every rank.
        epoch_ends: optimizer steps after which the loss is measured.

    Attributes:
        losses: optimizer step to loss, in nats per target token.
        best_step: the step with the lowest loss, of equal ones the earliest; None before the first.
    """

    def __init__(self, *, batches: Iterable[Batch], epoch_ends: frozenset[int]) -> None:
        self.batches = batches
        self.epoch_ends = epoch_ends
        self.losses: dict[int, float] = {}
        self.best_step: int | None = None
        self._weights: dict[str, Tensor] = {}
        self._steps = 0

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return {"losses": self.losses, "best_step": self.best_step, "weights": self._weights}

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """The reverse."""
        self.losses, self.best_step, self._weights = (state_dict[name] for name in ("losses", "best_step", "weights"))  # type: ignore[assignment]

    def on_train_start(self, trainer: pl.Trainer, *_: object) -> None:
        """After a resume, the first micro-batch does not complete a step."""
        self._steps = trainer.global_step

    def on_train_batch_end(self, trainer: pl.Trainer, module: "FineTuningModule", *_: object) -> None:  # type: ignore[override]
        """Measure if the last step of an epoch has just been completed."""
        if trainer.global_step == self._steps:
            return
        self._steps = trainer.global_step
        if self._steps not in self.epoch_ends:
            return
        loss = self._loss(trainer, module)
        lowest = math.inf if self.best_step is None else self.losses[self.best_step]
        self.losses[self._steps] = loss
        if loss < lowest:
            self.best_step = self._steps
            self._weights = {
                name: parameter.detach().to("cpu", copy=True)
                for name, parameter in module.causal_lm.named_parameters()
                if parameter.requires_grad
            }

    def restore(self, module: "FineTuningModule") -> None:
        """Give the model the best weights; those of the last step stay where no loss was a number."""
        with torch.no_grad():
            for name, parameter in module.causal_lm.named_parameters():
                if name in self._weights:
                    parameter.copy_(self._weights[name])

    def _loss(self, trainer: pl.Trainer, module: "FineTuningModule") -> float:
        model, device = module.causal_lm, trainer.strategy.root_device
        model.eval()
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            losses = [
                batch.loss_weight * float(module.objective.loss(model=model, batch=batch.to(device)))
                for batch in self.batches
            ]
        model.train()
        return sum(losses)
