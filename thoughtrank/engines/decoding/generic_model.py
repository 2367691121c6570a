"""Any causal language model of transformers, through its own modules."""

from typing import TYPE_CHECKING

from torch import Tensor

from thoughtrank.engines.decoding.decoder_model import new_cache, pad, prefill_positions
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Prefill

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class GenericModel:
    """See ``DecoderModel``.

    Args:
        model: loaded with ``shared_prefix_attention.ATTENTION``; its architecture has to support the attention interface of
            transformers.
    """

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model
        self.device = model.device

    def new_cache(self) -> KVCache:
        """See ``DecoderModel``."""
        return new_cache(self._model)

    def prefill(self, prefill: Prefill, cache: KVCache) -> None:
        """See ``DecoderModel``."""
        cache.prefilling = prefill
        self._model.get_decoder()(**self._inputs(prefill, cache))
        cache.prefilling = None

    def read(self, prefill: Prefill, cache: KVCache, wanted: Tensor) -> Tensor:
        """See ``DecoderModel``."""
        cache.prefilling = prefill
        logits = self._model(**self._inputs(prefill, cache), use_cache=True).logits
        cache.prefilling = None
        return logits.flatten(0, 1)[wanted]

    def _inputs(self, prefill: Prefill, cache: KVCache) -> dict[str, object]:
        tokens = pad(prefill.tokens, self.device)
        return {
            "input_ids": tokens,
            "position_ids": prefill_positions(prefill, self.device),
            "past_key_values": cache,
            "shared_prefix": cache,
        }

    def step(self, tokens: Tensor, positions: Tensor, cache: KVCache, wanted: Tensor | None) -> Tensor:
        """See ``DecoderModel``."""
        logits = self._model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            past_key_values=cache,
            shared_prefix=cache,
            use_cache=True,
        ).logits[:, -1]
        return logits if wanted is None else logits[wanted]
