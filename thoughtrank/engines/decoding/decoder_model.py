"""What the branching decoder needs of a model, and what its implementations share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.errors import UserError
from thoughtrank.models.model_config import sizes_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class DecoderModel(Protocol):
    """The forward passes of a causal language model with a ``KVCache``.

    Attributes:
        device: of the weights.
    """

    device: torch.device

    def new_cache(self) -> KVCache:
        """An empty cache of the model's dimensions."""
        ...

    def prefill(self, prefill: Prefill, cache: KVCache) -> None:
        """Read a few prompts or openers and store their keys and values."""
        ...

    def read(self, prefill: Prefill, cache: KVCache, wanted: Tensor) -> Tensor:
        """Read a few texts for the logits after some of their tokens.

        Args:
            prefill: the texts.
            cache: holds the tokens they share.
            wanted: [W] positions in the texts padded to the longest of them and put one after the other.

        Returns:
            Logits, [W, vocabulary].
        """
        ...

    def step(self, tokens: Tensor, positions: Tensor, cache: KVCache, wanted: Tensor | None) -> Tensor:
        """Feed one token to each row.

        Args:
            tokens: [N].
            positions: [N].
            cache: after ``begin_step``.
            wanted: indices of the rows whose logits are needed; None for all.

        Returns:
            Logits, [wanted, vocabulary].
        """
        ...


def new_cache(model: "PreTrainedModel") -> KVCache:
    """An empty cache of the dimensions in a transformers model's config."""
    sizes = sizes_of(model.config.get_text_config(decoder=True)).cache_sizes()
    if sizes is None:
        raise UserError(f"a {type(model).__name__} keeps no keys and values, which engine=transformers needs")
    return KVCache(**sizes._asdict(), dtype=model.dtype, device=model.device)


def pad(prompts: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """Token ids as one tensor [prompts, tokens], padded at the end, where causal attention does not see the padding."""
    longest = max(map(len, prompts))
    return torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts], device=device)


def prefill_positions(prefill: Prefill, device: torch.device) -> Tensor:
    """Position of each token of a prefill, [sequences, tokens], padding included."""
    first = torch.tensor(prefill.copied, device=device)
    return first[:, None] + torch.arange(max(map(len, prefill.tokens)), device=device)
