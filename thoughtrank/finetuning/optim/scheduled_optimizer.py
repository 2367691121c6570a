"""What all optimizers share: a schedule, decay, and what they say about themselves. Imports nothing heavy."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape
from thoughtrank.finetuning.optim.lr_schedules import Schedule, schedule_factor
from thoughtrank.finetuning.weight_formats import Weights

if TYPE_CHECKING:
    import torch

Shapes = Mapping[str, Sequence[int]]


@dataclass(kw_only=True)
class ScheduledOptimizer:
    """What all optimizers share: a peak rate, decay, and the rate over the steps of one training.

    Attributes:
        lr: peak learning rate.
        weight_decay: decoupled decay of matrices per unit of learning rate; never on norms and biases.
        warmup_share: share of the steps in which the learning rate rises.
        schedule: how it goes on; see ``schedules.schedule_factor``.
        decay_share: share of the steps, at the end, in which ``wsd`` falls.
        final_share: share of the peak that is left at the end.
    """

    lr: float
    weight_decay: float = 0.0
    warmup_share: float = 0.1
    schedule: Schedule = "cosine"
    decay_share: float = 0.2
    final_share: float = 0.1

    name: ClassVar[str]
    supported_weights: ClassVar[tuple[Weights, ...]] = ("fp32_master", "bf16")
    needs_whole_parameters: ClassVar[bool] = False
    """Whether the rule reads rows and columns, so that a strategy must not hand it flattened shards."""

    def identity(self) -> dict[str, object]:
        """Every setting: all of them change the result."""
        settings = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {"optimizer": self.name, **settings}

    def faults(self) -> list[str]:
        """What a user has to put right before training, one sentence each."""
        return []

    def state_bytes(self, shapes: Shapes, *, weights: Weights, embeddings: frozenset[str]) -> float:
        """Memory of the state of the parameters named in ``shapes``, in bytes.

        Args:
            shapes: parameter name to shape.
            weights: the setting they are trained in.
            embeddings: which of them belong to embeddings and the output head.
        """
        raise NotImplementedError

    def build(self, model: "torch.nn.Module", *, steps: int, weights: Weights) -> dict[str, Any]:
        """What Lightning's ``configure_optimizers`` returns for ``steps`` optimizer steps on the unfrozen weights."""
        import torch

        optimizer = self._make(model, weights)
        # Lightning takes "fused" for a gradient scaler's affair and refuses to clip. Only fp16 has a scaler.
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

    def _make(self, model: "torch.nn.Module", weights: Weights) -> "torch.optim.Optimizer":
        raise NotImplementedError

    def _groups(self, parameters: "Sequence[torch.nn.Parameter]") -> list[dict[str, Any]]:
        """Parameter groups with and without decay."""
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if len(full_shape(p)) >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if len(full_shape(p)) < 2], "weight_decay": 0.0},
        ]
        # DeepSpeed leaves empty groups out, and the schedule would then have a group too many.
        return [group for group in groups if group["params"]]


def count(shapes: Shapes) -> int:
    """Number of values in all of ``shapes``."""
    total = 0
    for shape in shapes.values():
        size = 1
        for length in shape:
            size *= length
        total += size
    return total


def trained_parameters(model: "torch.nn.Module") -> "dict[str, torch.nn.Parameter]":
    """The parameters that are not frozen, by name; tied ones once."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def embedding_names(model: "torch.nn.Module") -> frozenset[str]:
    """Names of the parameters of embeddings and of the output head."""
    import torch

    modules = [module for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    head = getattr(model, "get_output_embeddings", lambda: None)()
    found = {id(parameter) for module in [*modules, head] if module is not None for parameter in module.parameters()}
    return frozenset(name for name, parameter in model.named_parameters() if id(parameter) in found)
