"""The LightningModule: a causal language model under an objective and an optimizer."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from transformers import PreTrainedModel

from thoughtrank.finetuning.batching.batches import Batch
from thoughtrank.finetuning.weight_formats import Weights


class FineTuningModule(pl.LightningModule):
    """Fine-tunes every weight of ``model``.

    Args:
        load: returns the causal LM for a trainer; called when the ranks know each other and their devices.
        objective: has ``loss(model=, batch=)``.
        optimizer: has ``build(model, steps=, weights=)``.
        weights: the number format of the weights; see ``weights.py``.
        accumulation: micro-batches per optimizer step.
    """

    def __init__(
        self,
        *,
        load: Callable[[pl.Trainer], PreTrainedModel],
        objective: Any,
        optimizer: Any,
        weights: Weights,
        accumulation: int,
    ) -> None:
        super().__init__()
        self.load = load
        self.model: Any = None
        self.objective = objective
        self.optimizer = optimizer
        self.weights = weights
        self.accumulation = accumulation
        self.gradient_norm: Tensor | None = None

    def configure_model(self) -> None:
        """Load the model."""
        if self.model is None:
            self.model = self.load(self.trainer)
            self.model.config.use_cache = False
            self.model.train()
            # Frozen weights are not in a checkpoint: they are those of the folder the training began from.
            self.strict_loading = all(parameter.requires_grad for parameter in self.model.parameters())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave frozen weights out."""
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                checkpoint.get("state_dict", {}).pop(name, None)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """One micro-batch's part of its optimizer step's mean loss per target token, scaled for what Lightning does."""
        loss = self.objective.loss(model=self.model, batch=batch)
        self.log(
            "loss", loss.detach(), on_step=True, on_epoch=False, prog_bar=False, batch_size=len(batch.question_ids)
        )
        # Lightning divides by the accumulation, and DeepSpeed's engine once more; the share makes long and short
        # micro-batches weigh by their tokens. Lightning also averages gradients over the ranks, where the share calls for
        # their sum.
        divisions = 2 if hasattr(self.trainer.strategy, "deepspeed_engine") else 1
        return loss * batch.loss_weight * self.accumulation**divisions * self.trainer.world_size

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move the tensors of a batch."""
        return batch.to(device)

    def configure_gradient_clipping(
        self,
        optimizer: Any,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip, and keep the norm the gradients had; DeepSpeed does both itself."""
        strategy: Any = self.trainer.strategy
        if not gradient_clip_val or hasattr(strategy, "deepspeed_engine"):
            return
        if hasattr(strategy, "clip_gradients"):
            self.gradient_norm = strategy.clip_gradients(gradient_clip_val)
        else:
            self.gradient_norm = torch.nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """A step, after which no gradient is kept: Lightning would drop them behind the next forward pass only.

        DeepSpeed's engine has gradients of its own.
        """
        super().optimizer_step(*arguments, **named)
        if not hasattr(self.trainer.strategy, "deepspeed_engine"):
            for parameter in self.parameters():
                parameter.grad = None

    def configure_optimizers(self) -> Any:
        """The optimizer and its schedule over all steps of this training."""
        steps = int(self.trainer.estimated_stepping_batches)
        return self.optimizer.build(self.model, steps=steps, weights=self.weights)
