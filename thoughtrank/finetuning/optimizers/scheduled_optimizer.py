"""The base class of the optimizers: peak learning rate, weight decay and schedule. Imports nothing heavy."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import NonNegativeFloat

from thoughtrank.finetuning.optimizers.lr_schedules import Schedule, schedule_factor
from thoughtrank.finetuning.optimizers.parameters import ParameterGroups, decay_groups, trained_parameters
from thoughtrank.finetuning.protocols import Optimizer
from thoughtrank.finetuning.weight_formats import Weights
from thoughtrank.user_input.number_ranges import Fraction

if TYPE_CHECKING:
    import torch
    from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig


@dataclass(kw_only=True)
class ScheduledOptimizer(Optimizer):
    """An optimizer with a peak learning rate, weight decay, and a schedule over the steps of one training run.

    Attributes:
        lr: peak learning rate.
        weight_decay: decoupled weight decay of matrices, scaled by the learning rate; norms and biases have none.
        warmup_share: fraction of the steps in which the learning rate rises.
        schedule: shape of the decay after it; see ``lr_schedules.schedule_factor``.
        decay_share: the last fraction of the steps, in which ``wsd`` decays.
        final_share: fraction of the peak at the last step.
    """

    lr: NonNegativeFloat
    weight_decay: NonNegativeFloat = 0.0
    warmup_share: Fraction = 0.1
    schedule: Schedule = "cosine"
    decay_share: Fraction = 0.2
    final_share: NonNegativeFloat = 0.1

    def build(
        self, model: "torch.nn.Module", *, steps: int, weights: Weights, masters: bool = False
    ) -> "OptimizerLRSchedulerConfig":
        """See ``Optimizer``; with ``masters`` float32 master weights of the model's bf16 weights are updated."""
        import torch

        optimizer = self._make(model, weights)
        if masters:
            from thoughtrank.finetuning.optimizers.master_weights import MasterWeights

            optimizer = MasterWeights(optimizer)
        # Lightning takes fused optimizers for ones that unscale gradients themselves, and refuses to clip. Only fp16 scales.
        optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
        warmup_steps = round(self.warmup_share * steps)

        def factor(step: int) -> float:
            return schedule_factor(
                step=step,
                steps=steps,
                warmup_steps=warmup_steps,
                schedule=self.schedule,
                decay_share=self.decay_share,
                final_share=self.final_share,
            )

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    @abstractmethod
    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        """The torch optimizer of the trained parameters, at the peak learning rate."""

    def _all_groups(self, model: "torch.nn.Module") -> ParameterGroups:
        """All trained parameters, in groups with and without weight decay."""
        return self._groups(list(trained_parameters(model).values()))

    def _groups(self, parameters: "Sequence[torch.nn.Parameter]") -> ParameterGroups:
        """Parameter groups with and without weight decay."""
        return decay_groups(parameters, weight_decay=self.weight_decay)
