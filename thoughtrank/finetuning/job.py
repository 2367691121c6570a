"""The frozen description of one training run, written by the parent process and read by every rank.

It holds plain values only, so that a training process needs neither Hydra nor the config of the run.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import yaml

from thoughtrank.errors import UserError
from thoughtrank.finetuning.weight_formats import Precision, Weights
from thoughtrank.storage.files import write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """Everything one training run depends on.

    Attributes:
        model: folder of the model to start from.
        examples: folders of the example tables; all of them are trained on.
        output: folder for the trained model.
        work: folder for checkpoints, metrics and locks.
        objective, optimizer, adapter, strategy: components, each a mapping with ``_target_`` and constructor arguments.
        weights: number format of the weights while training; see ``weight_formats``.
        epochs: passes over the examples.
        min_steps: fewest optimizer steps; small datasets are repeated for extra epochs until this many.
        batch_size: examples per optimizer step, over all ranks.
        micro_batch_size: most examples per forward pass and device.
        shuffle: shuffle unit: single ``examples``, or all examples of a question together (``questions``).
        packing: pack the examples of a forward pass into one row; what several begin with is computed once.
        gradient_checkpointing: keep only the inputs of the layers, and recompute the rest in the backward pass.
        compile: compile the layers with torch.
        max_gradient_norm: gradients are clipped to this norm.
        precision: ``training.precision``.
        checkpoint_minutes: minutes between checkpoints; 0 for none.
        seed: of the order of the examples.
        log_every: optimizer steps between rows of the metrics file.
        description: text before the progress bar.
        micro_batch_tokens: most tokens per forward pass and device; None for no limit.
        steps: exact number of optimizer steps, in place of ``epochs`` and ``min_steps``; the last epoch may end early.
        development: folder of a table of development examples; the weights of the epoch with the lowest loss on them are
            kept. None keeps those of the last step.
    """

    model: str
    examples: tuple[str, ...]
    output: str
    work: str
    objective: dict[str, object]
    optimizer: dict[str, object]
    adapter: dict[str, object]
    strategy: dict[str, object]
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
    precision: Precision
    checkpoint_minutes: float
    seed: int
    log_every: int
    description: str
    micro_batch_tokens: int | None = None
    steps: int | None = None
    development: str | None = None

    def write(self, path: Path) -> None:
        """Save as YAML."""
        write_text(path, yaml.safe_dump({**asdict(self), "examples": list(self.examples)}, sort_keys=False))

    @classmethod
    def read(cls, path: Path) -> "TrainingJob":
        """Load what ``write`` saved.

        Raises:
            UserError: the file is missing or damaged.
        """
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls(**{**values, "examples": tuple(values["examples"])})
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} is no training job ({type(error).__name__}): give the command of the run again"
            ) from error
