"""What a model source is. Imports nothing heavy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model card says about a base model.

    Attributes:
        name: as people call it.
        license: an SPDX id, or ``other`` where nobody stated one.
        quantization: how the weights were stored before they were dequantised, or None.
    """

    name: str
    license: str
    quantization: str | None = None


class ModelSource(Protocol):
    """A part of the config group ``model``."""

    def faults(self) -> list[str]:
        """What a user has to put right, one sentence each; loads nothing."""
        ...

    def identity(self) -> dict[str, object]:
        """What decides weights, tokenizer and template, for the fingerprint."""
        ...

    def facts(self) -> ModelFacts:
        """For the model card and the plan."""
        ...

    def num_parameters(self) -> int | None:
        """Number of weights for the plan, or None where that is known only after loading."""
        ...

    def context_tokens(self) -> int | None:
        """Longest sequence, or None where that is known only after loading."""
        ...

    def write(self, folder: Path) -> None:
        """Make a plain Hugging Face folder: safetensors, tokenizer, chat template."""
        ...
