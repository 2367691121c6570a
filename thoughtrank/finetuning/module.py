"""The LightningModule: a causal language model with an objective and an optimizer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from thoughtrank.finetuning.batching.batches import Batch
from thoughtrank.finetuning.gradient_sums import GradientSums
from thoughtrank.finetuning.protocols import Objective, Optimizer, Strategy
from thoughtrank.finetuning.weight_formats import Weights

if TYPE_CHECKING:
    from pytorch_lightning.core.optimizer import LightningOptimizer
    from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
    from transformers import PreTrainedModel

    from thoughtrank.finetuning.distributed.training_engine import TrainingEngine


class FineTuningModule(pl.LightningModule):
    """Fine-tunes the weights of a causal LM that require a gradient.

    Args:
        load: returns the model; called once the ranks are connected and have their devices.
        objective: the loss.
        optimizer: update rule and schedule.
        strategy: where training runs; it chooses the engine.
        weights: number format of the weights; see ``weight_formats``.
        accumulation: micro-batches per optimizer step and rank.
        masters: the model is loaded with bf16 weights, and the optimizer holds float32 master weights.
        after_backward: called after each backward pass, when other devices than the CPU still have much to compute.
    """

    def __init__(
        self,
        *,
        load: "Callable[[TrainingEngine], PreTrainedModel]",
        objective: Objective,
        optimizer: Optimizer,
        strategy: Strategy,
        weights: Weights,
        accumulation: int,
        masters: bool = False,
        after_backward: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.load = load
        self.model: PreTrainedModel | None = None
        self.objective = objective
        self.optimizer = optimizer
        self.strategy = strategy
        self.weights = weights
        self.accumulation = accumulation
        self.masters = masters
        self.after_backward = after_backward
        self._engine: TrainingEngine | None = None
        self._step_loss: Tensor | None = None
        self._sums: GradientSums | None = None

    @property
    def sums_in_float32(self) -> bool:
        """Whether the bf16 gradients of several micro-batches add up in float32: where the optimizer holds float32 weights."""
        return self.masters and self.accumulation > 1

    @property
    def causal_lm(self) -> "PreTrainedModel":
        """The model, once it is loaded."""
        assert self.model is not None
        return self.model

    @property
    def engine(self) -> "TrainingEngine":
        """How the trainer's strategy holds weights and gradients."""
        if self._engine is None:
            self._engine = self.strategy.training_engine(self.trainer)
        return self._engine

    def configure_model(self) -> None:
        """Load the model."""
        if self.model is None:
            model = self.load(self.engine)
            model.config.use_cache = False
            self.model = model.train()
            if self.sums_in_float32:
                self._sums = GradientSums(each for each in model.parameters() if each.requires_grad)
            # Frozen weights are not in a checkpoint: they are those of the model that training started from.
            self.strict_loading = all(parameter.requires_grad for parameter in model.parameters())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave frozen weights out."""
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                checkpoint.get("state_dict", {}).pop(name, None)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Count the micro-batches of the steps that are done as this training cuts them.

        The device that saved the checkpoint may have had another size of micro-batches.
        """
        progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        done = checkpoint["global_step"] * self.accumulation
        for counts in (progress["total"], progress["current"]):
            missing = done - counts["ready"]
            for name in counts:
                counts[name] += missing

    def training_step(self, batch: Batch, batch_index: int) -> Tensor | None:
        """Part of one micro-batch in the mean loss per target token of its optimizer step, scaled for the engine.

        None for a micro-batch of weight 0 that nothing has to compute.
        """
        if not batch.loss_weight and not self.engine.computes_every_batch:
            return None
        if self._sums is not None:
            self._sums.in_last = (batch_index + 1) % self.accumulation == 0
        loss = self.objective.loss(model=self.causal_lm, batch=batch) * batch.loss_weight
        if batch.loss_weight:
            part = loss.detach().float()
            self._step_loss = part if self._step_loss is None else self._step_loss + part
        return self.engine.scale_loss(loss, accumulation=self.accumulation)

    def on_after_backward(self) -> None:
        """See ``after_backward``."""
        self.after_backward()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Complete the gradients of the step."""
        if self._sums is not None:
            self._sums.finish()

    def take_step_loss(self) -> float:
        """This rank's part in the loss of the optimizer step, whose micro-batches are then forgotten.

        It waits for the device, so it is read once per step.
        """
        loss, self._step_loss = self._step_loss, None
        return 0.0 if loss is None else float(loss)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move the tensors of a batch."""
        return batch.to(device)

    def configure_gradient_clipping(
        self,
        optimizer: "torch.optim.Optimizer | LightningOptimizer",
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip to the norm of the whole gradient."""
        if gradient_clip_val:
            self.engine.clip_gradients(self, max_norm=gradient_clip_val)

    def optimizer_step(self, *arguments: object, **named: object) -> None:
        """Step, then free the gradients: Lightning would do so only after the next forward pass."""
        super().optimizer_step(*arguments, **named)  # type: ignore[arg-type]
        self.engine.free_gradients(self)

    def configure_optimizers(self) -> "OptimizerLRSchedulerConfig":
        """The optimizer and its schedule over all steps of this training."""
        steps = int(self.trainer.estimated_stepping_batches)
        if self.masters:
            return self.optimizer.build(self.causal_lm, steps=steps, weights=self.weights, masters=True)
        return self.optimizer.build(self.causal_lm, steps=steps, weights=self.weights)
