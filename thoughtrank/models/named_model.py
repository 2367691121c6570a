"""The settings that all sources of pretrained weights have in common."""

from typing import Literal

from pydantic import PositiveInt

from thoughtrank.instantiate import Component
from thoughtrank.models.decoder_shape import DecoderShape, decoder_shape
from thoughtrank.models.model_config import ModelSizes
from thoughtrank.models.model_files import ModelWriter, TemplateChoice
from thoughtrank.models.protocol import ModelSource
from thoughtrank.prompting.fixed_date import DEFAULT_DATE, date_faults

SizeName = Literal["layers", "heads", "kv_heads", "head_dim", "hidden_size", "intermediate_size", "vocabulary"]


class NamedModel(Component, ModelSource):
    """Pretrained weights that are found by a name.

    Args:
        name: see the subclass.
        license: SPDX id for the model card; null takes what is stated with the weights.
        chat_template: ``own`` keeps the tokenizer's, or adds the plain one where it has none; ``plain`` always takes the
            plain one.
        end_of_turn: the token that ends a reply; null takes the one that the chat template writes.
        date: as YYYY-MM-DD, what a chat template that writes the date gets in place of today.
        parameters: number of weights, for a plan before the download; null where it is not known.
        context: longest sequence in tokens, for the same plan; null where it is not known.
        cache_bytes: size of one token's keys and values in bf16, for the same plan; null where it is not known.
        sizes: of a Llama-like decoder by name, for the same plan; null where they are not known.
    """

    version = 2

    def __init__(
        self,
        *,
        name: str,
        license: str | None = None,
        chat_template: TemplateChoice = "own",
        end_of_turn: str | None = None,
        date: str = DEFAULT_DATE,
        parameters: PositiveInt | None = None,
        context: PositiveInt | None = None,
        cache_bytes: PositiveInt | None = None,
        sizes: dict[SizeName, PositiveInt] | None = None,
    ) -> None:
        self.name = name
        self.license = license
        self.chat_template = chat_template
        self.end_of_turn = end_of_turn
        self.date = date
        self.parameters = parameters
        self.context = context
        self.cache_bytes = cache_bytes
        self.sizes = sizes

    def faults(self) -> list[str]:
        """What all of them can have wrong."""
        return date_faults(self.date)

    def decoder_shape(self) -> DecoderShape | None:
        """See ``ModelSource``."""
        if self.sizes is None:
            return None
        return decoder_shape(ModelSizes(**self.sizes, kind=None), parameters=self.num_parameters())

    def _writer(self) -> ModelWriter:
        return ModelWriter(chat_template=self.chat_template, end_of_turn=self.end_of_turn, date=self.date)

    def _content_identity(self, content: object) -> dict[str, object]:
        """An identity by the content of files, not by name: a renamed or moved copy is the same model."""
        return {
            "component": type(self).__name__,
            "version": self.version,
            "content": content,
            "date": self.date,
            **self._writer().changes(),
        }
