"""What runs a model for the branching engine: any transformers model through its own modules, or a Llama without them."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from thoughtrank.engines.decoding.kv_cache import BranchCache
from thoughtrank.engines.decoding.prefill import Prefill


class Decoder(Protocol):
    """A model that reads prompts into a ``BranchCache`` and takes steps behind them."""

    device: torch.device

    def new_cache(self) -> BranchCache:
        """An empty cache of the model's measures."""
        ...

    def prefill(self, prefill: Prefill, cache: BranchCache) -> None:
        """Read a few prompts, and store their keys and values."""
        ...

    def step(self, tokens: Tensor, positions: Tensor, cache: BranchCache, wanted: Tensor | None) -> Tensor:
        """Feed one token to each row.

        Args:
            tokens: [N].
            positions: [N].
            cache: begun for this step.
            wanted: rows whose next token is chosen; None for all.

        Returns:
            Logits, [wanted, vocabulary].
        """
        ...


def new_cache(model: Any) -> BranchCache:
    """A cache of the measures a transformers model's config states."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    return BranchCache(
        layers=config.num_hidden_layers,
        heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
        dtype=model.dtype,
        device=model.device,
    )


def padded(prompts: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """Prompts as one tensor; padding goes behind a shorter one, where causal attention never looks, and is not stored."""
    longest = max(map(len, prompts))
    return torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts], device=device)


class ModuleDecoder:
    """Any causal LM of transformers that knows its attention interface.

    Args:
        model: loaded with ``shared_prefix.ATTENTION``.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.device = model.device

    def new_cache(self) -> BranchCache:
        """See ``Decoder``."""
        return new_cache(self._model)

    def prefill(self, prefill: Prefill, cache: BranchCache) -> None:
        """See ``Decoder``."""
        tokens = padded(prefill.tokens, self.device)
        rows, length = tokens.shape
        positions = torch.arange(prefill.shared, prefill.shared + length, device=self.device)[None].expand(rows, -1)
        cache.prefilling = prefill
        self._model.base_model(input_ids=tokens, position_ids=positions, past_key_values=cache, shared_prefix=cache)
        cache.prefilling = None

    def step(self, tokens: Tensor, positions: Tensor, cache: BranchCache, wanted: Tensor | None) -> Tensor:
        """See ``Decoder``."""
        logits = self._model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            past_key_values=cache,
            shared_prefix=cache,
            use_cache=True,
        ).logits[:, -1]
        return logits if wanted is None else logits[wanted]
