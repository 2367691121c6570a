"""What Lightning's strategies do differently to weights, losses and gradients, behind one interface.

A strategy component chooses the engine of its trainer; see ``Strategy.training_engine``. Everything else in fine-tuning asks
the engine, and never which library trains.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

if TYPE_CHECKING:
    import pytorch_lightning as pl
    from transformers import PreTrainedModel


class TrainingEngine:
    """One device or DDP: every rank holds the whole model and its gradients. The base class of the other engines.

    Args:
        trainer: the trainer whose strategy this is.

    Attributes:
        gradient_norm: norm of the whole gradient of the last optimizer step before clipping; None before the first step.
    """

    def __init__(self, trainer: "pl.Trainer") -> None:
        self.trainer = trainer
        self._gradient_norm: Tensor | None = None

    @property
    def gradient_norm(self) -> float | None:
        """See the class."""
        return None if self._gradient_norm is None else float(self._gradient_norm)

    @property
    def computes_every_batch(self) -> bool:
        """Whether a micro-batch of weight 0 has to be computed, because ranks wait for each other or passes are counted."""
        return self.trainer.world_size > 1

    def load_model(self, folder: str, *, dtype: torch.dtype) -> "PreTrainedModel":
        """The model in ``folder``; call it inside ``configure_model``."""
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        return model

    def scale_loss(self, loss: Tensor, *, accumulation: int) -> Tensor:
        """Undo what happens to the gradient of ``loss`` afterwards, so that gradients of micro-batches are summed.

        Lightning divides the loss by the number of micro-batches, and gradients are averaged over the ranks.

        Args:
            loss: of one micro-batch, weighted by its fraction of the optimizer step.
            accumulation: micro-batches per optimizer step and rank.
        """
        return loss * accumulation * self.trainer.world_size

    def clip_gradients(self, module: torch.nn.Module, *, max_norm: float) -> None:
        """Scale the whole gradient down to ``max_norm``, and keep the norm it had."""
        self._gradient_norm = torch.nn.utils.clip_grad_norm_(module.parameters(), max_norm)

    def free_gradients(self, module: torch.nn.Module) -> None:
        """Free the gradients after an optimizer step."""
        for parameter in module.parameters():
            parameter.grad = None

    def gather_weights(self, model: "PreTrainedModel") -> dict[str, Tensor] | None:
        """The whole weights by name, in main memory of rank 0 and empty elsewhere; None if every rank holds the model.

        All ranks have to call this.
        """
        return None
