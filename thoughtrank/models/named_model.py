"""The settings that all sources of pretrained weights have in common."""

from thoughtrank.instantiate import Component
from thoughtrank.models.model_files import ModelWriter, TemplateChoice
from thoughtrank.models.protocol import ModelSource


class NamedModel(Component, ModelSource):
    """Pretrained weights that are found by a name.

    Args:
        name: see the subclass.
        license: SPDX id for the model card; null takes what is stated with the weights.
        chat_template: ``own`` keeps the tokenizer's, or adds the plain one where it has none; ``plain`` always takes the
            plain one.
        end_of_turn: the token that ends a reply; null keeps the tokenizer's end-of-sequence token.
        parameters: number of weights, for a plan before the download; null where it is not known.
        context: longest sequence in tokens, for the same plan; null where it is not known.
        cache_bytes: size of one token's keys and values in bf16, for the same plan; null where it is not known.
    """

    def __init__(
        self,
        *,
        name: str,
        license: str | None = None,
        chat_template: TemplateChoice = "own",
        end_of_turn: str | None = None,
        parameters: int | None = None,
        context: int | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        self.name = name
        self.license = license
        self.chat_template = chat_template
        self.end_of_turn = end_of_turn
        self.parameters = parameters
        self.context = context
        self.cache_bytes = cache_bytes

    def _writer(self) -> ModelWriter:
        return ModelWriter(chat_template=self.chat_template, end_of_turn=self.end_of_turn)

    def _content_identity(self, content: object) -> dict[str, object]:
        """An identity by the content of files, not by name: a renamed or moved copy is the same model."""
        return {
            "component": type(self).__name__,
            "version": self.version,
            "content": content,
            **self._writer().changes(),
        }
