"""What training holds in memory for the weights of a loaded model, told before the first step."""

from typing import Any

import pytorch_lightning as pl
import torch

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape
from thoughtrank.finetuning.optim.scheduled_optimizer import count, embedding_names, trained_parameters
from thoughtrank.finetuning.weight_formats import ParameterBytes, Weights, has_engine_masters, parameter_bytes


class MemoryReport(pl.Callback):
    """Counts the memory for weights, gradients and optimizer, before it is divided among devices; activations come on top.

    Args:
        optimizer: may have ``state_bytes``.
        strategy: may have ``engine_masters``.
        weights: the setting.
        description: text before the line it prints.

    Attributes:
        trained: number of weights that are trained.
        frozen_bytes: memory of the others.
        per_parameter: mean over the trained weights; None where the optimizer does not say.
    """

    def __init__(self, *, optimizer: Any, strategy: Any, weights: Weights, description: str) -> None:
        self.optimizer = optimizer
        self.strategy = strategy
        self.weights = weights
        self.description = description
        self.trained = 0
        self.frozen_bytes = 0
        self.per_parameter: ParameterBytes | None = None

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Count, and let rank 0 tell."""
        self.measure(module.model, precision=str(trainer.precision))  # type: ignore[arg-type]
        if trainer.is_global_zero:
            print(f"{self.description}: {self.text()}", flush=True)

    def measure(self, model: torch.nn.Module, *, precision: str) -> None:
        """Count the memory from the shapes of ``model``'s parameters."""
        shapes = {name: full_shape(parameter) for name, parameter in trained_parameters(model).items()}
        self.trained = count(shapes)
        frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
        self.frozen_bytes = sum(count({"": full_shape(each)}) * each.element_size() for each in frozen)
        if not hasattr(self.optimizer, "state_bytes"):
            return
        state = self.optimizer.state_bytes(shapes, weights=self.weights, embeddings=embedding_names(model))
        self.per_parameter = parameter_bytes(
            weights=self.weights,
            state_bytes=state / self.trained,
            engine_masters=has_engine_masters(self.strategy, precision=precision),
        )

    def text(self) -> str:
        """One line for the user."""
        trained = f"{self.trained / 1e6:.1f} M trained parameters"
        if self.per_parameter is None:
            return f"weights {self.weights}: {trained}; the optimizer does not tell its state's size"
        total = (self.per_parameter.total * self.trained + self.frozen_bytes) / 1e9
        frozen = f", {self.frozen_bytes / 1e9:.2f} GB of frozen ones" if self.frozen_bytes else ""
        return (
            f"weights {self.weights}: {self.per_parameter.text()}, {trained}{frozen}: {total:.2f} GB before activations"
        )

    def facts(self) -> dict[str, Any]:
        """For ``_training.json``."""
        kinds = ("weights", "masters", "gradients", "optimizer_state", "compensation", "total")
        each = self.per_parameter
        return {
            "weights": self.weights,
            "trained_parameters": self.trained,
            "frozen_bytes": self.frozen_bytes,
            "bytes_per_parameter": None if each is None else {kind: round(getattr(each, kind), 3) for kind in kinds},
        }
