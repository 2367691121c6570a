"""The protocol of model sources. Imports nothing heavy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from thoughtrank.models.decoder_shape import DecoderShape


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model card reports about a base model.

    Attributes:
        name: its usual name, a hub id where it has one.
        license: an SPDX id, or ``other`` where none is stated.
        quantization: how the weights were stored before they were dequantised, or None.
    """

    name: str
    license: str
    quantization: str | None = None


class ModelSource(Protocol):
    """A component of the config group ``model``: where the model of round 0 comes from."""

    def faults(self) -> list[str]:
        """What the user has to fix, one sentence each; loads nothing."""
        ...

    def identity(self) -> dict[str, object]:
        """What determines weights, tokenizer and chat template, for the fingerprint; files count by their content.

        Raises:
            UserError: the files are missing or cannot be downloaded.
        """
        ...

    def facts(self) -> ModelFacts:
        """For the model card and the plan."""
        ...

    def local_folder(self) -> Path | None:
        """The folder in Hugging Face format that the model is taken from; None where it is downloaded or made first."""
        return None

    def num_parameters(self) -> int | None:
        """Number of weights, for the plan; None where it is known only after loading."""
        return None

    def context_tokens(self) -> int | None:
        """Longest sequence in tokens; None where it is known only after loading."""
        return None

    def kv_cache_bytes_per_token(self) -> int | None:
        """Size of one token's keys and values in bf16, all layers together; None where it is known only after loading."""
        return None

    def decoder_shape(self) -> DecoderShape | None:
        """The shape of a Llama-like decoder; None of other models, and where it is known only after loading."""
        return None

    def write(self, folder: Path) -> None:
        """Write a Hugging Face model folder: safetensors, tokenizer and chat template.

        Raises:
            UserError: the files are missing or cannot be downloaded.
        """
        ...
