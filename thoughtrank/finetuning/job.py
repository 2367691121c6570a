"""The frozen description of one training run, written by the parent process and read by every rank.

It holds plain values only, so that the training process needs neither Hydra nor the run's config.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from thoughtrank.finetuning.weight_formats import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """Everything one training run depends on.

    Attributes:
        model: folder of the model to start from.
        examples: folders of example tables, all of which are trained on.
        output: folder for the trained model.
        work: folder for the checkpoint, the metrics and the lock.
        objective, optimizer, adapter, strategy: parts, each a mapping with ``_target_`` and its arguments.
        weights: the number format of the weights while training; see ``weights.py``.
        epochs: passes over the examples.
        min_steps: fewest optimizer steps; few examples are passed over more often, to come to as many.
        batch_size: examples per optimizer step.
        micro_batch_size: examples per forward pass and device.
        shuffle: ``examples`` or ``questions``: what takes a place of its own in the order.
        packing: lay the examples of a forward pass side by side, shared prompts once.
        gradient_checkpointing: keep less, compute more.
        compile: let torch compile the layers.
        max_gradient_norm: gradients are clipped to this norm.
        precision: a Lightning precision, or auto.
        checkpoint_minutes: minutes between checkpoints; 0 for none.
        seed: decides the order of the examples.
        log_every: optimizer steps between rows of the metrics file.
        description: text before the progress bar.
    """

    model: str
    examples: tuple[str, ...]
    output: str
    work: str
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    adapter: dict[str, Any]
    strategy: dict[str, Any]
    weights: Weights
    epochs: int
    min_steps: int
    batch_size: int
    micro_batch_size: int
    shuffle: Literal["examples", "questions"]
    packing: bool
    gradient_checkpointing: bool
    compile: bool
    max_gradient_norm: float
    precision: str
    checkpoint_minutes: float
    seed: int
    log_every: int
    description: str

    def write(self, path: Path) -> None:
        """Save as YAML."""
        path.write_text(yaml.safe_dump({**asdict(self), "examples": list(self.examples)}, sort_keys=False))

    @classmethod
    def read(cls, path: Path) -> "TrainingJob":
        """Load what ``write`` saved."""
        values = yaml.safe_load(path.read_text())
        return cls(**{**values, "examples": tuple(values["examples"])})
