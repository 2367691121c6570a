"""Memory that training holds for the weights of a loaded model, printed before the first step."""

from typing import TYPE_CHECKING

import pytorch_lightning as pl
import torch

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape
from thoughtrank.finetuning.optimizers.parameters import embedding_names, num_values, trained_parameters
from thoughtrank.finetuning.parameter_memory import has_engine_masters
from thoughtrank.finetuning.protocols import Optimizer, Strategy
from thoughtrank.finetuning.weight_formats import ParameterBytes, Weights, parameter_bytes
from thoughtrank.output.terminal import print_text

if TYPE_CHECKING:
    from thoughtrank.finetuning.module import FineTuningModule


class MemoryReport(pl.Callback):
    """Counts the memory of weights, gradients and optimizer state before sharding; activations are not included.

    Args:
        optimizer: states the size of its state.
        strategy: states whether its engine holds master weights.
        weights: the value of ``training.weights``.
        description: text before the line that is printed.
        masters: the optimizer holds float32 master weights beside bf16 weights.
        sums_in_float32: gradients of several micro-batches add up in float32.

    Attributes:
        trained: number of trained weights.
        frozen_bytes: memory of the other weights.
        per_parameter: mean over the trained weights; None if the optimizer does not state its size.
    """

    def __init__(
        self,
        *,
        optimizer: Optimizer,
        strategy: Strategy,
        weights: Weights,
        description: str,
        masters: bool = False,
        sums_in_float32: bool = False,
    ) -> None:
        self.optimizer = optimizer
        self.strategy = strategy
        self.weights = weights
        self.description = description
        self.masters = masters
        self.sums_in_float32 = sums_in_float32
        self.trained = 0
        self.frozen_bytes = 0
        self.per_parameter: ParameterBytes | None = None

    def on_train_start(self, trainer: pl.Trainer, module: "FineTuningModule") -> None:  # type: ignore[override]
        """Measure, and print on rank 0."""
        self.measure(module.causal_lm, precision=str(trainer.precision))
        if trainer.is_global_zero:
            print_text(f"{self.description}: {self.text()}")

    def measure(self, model: torch.nn.Module, *, precision: str) -> None:
        """Compute the memory from the shapes of ``model``'s parameters."""
        shapes = {name: full_shape(parameter) for name, parameter in trained_parameters(model).items()}
        self.trained = num_values(shapes)
        frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
        self.frozen_bytes = sum(num_values({"": full_shape(each)}) * each.element_size() for each in frozen)
        state = self.optimizer.state_bytes(shapes, weights=self.weights, embeddings=embedding_names(model))
        if state is None:
            return
        self.per_parameter = parameter_bytes(
            weights=self.weights,
            state_bytes=state / self.trained,
            separate_masters=self.masters or has_engine_masters(self.strategy, precision=precision),
            sums_in_float32=self.sums_in_float32,
        )

    def text(self) -> str:
        """One line for the user."""
        trained = f"{self.trained / 1e6:.1f} M trained parameters"
        if self.per_parameter is None:
            return f"weights {self.weights}: {trained}; the optimizer does not state the size of its state"
        total = (self.per_parameter.total * self.trained + self.frozen_bytes) / 1e9
        frozen = f", {self.frozen_bytes / 1e9:.2f} GB of frozen ones" if self.frozen_bytes else ""
        return (
            f"weights {self.weights}: {self.per_parameter.text()}, {trained}{frozen}: {total:.2f} GB before activations"
        )

    def facts(self) -> dict[str, object]:
        """For ``_training.json``."""
        return {
            "weights": self.weights,
            "trained_parameters": self.trained,
            "frozen_bytes": self.frozen_bytes,
            "bytes_per_parameter": None if self.per_parameter is None else _rounded(self.per_parameter),
        }


def _rounded(each: ParameterBytes) -> dict[str, float]:
    sizes = {
        "weights": each.weights,
        "masters": each.masters,
        "gradients": each.gradients,
        "optimizer_state": each.optimizer_state,
        "compensation": each.compensation,
        "total": each.total,
    }
    return {kind: round(size, 3) for kind, size in sizes.items()}
