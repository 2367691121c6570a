"""The sizes in a model's ``config.json``, under the names that families of models give them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thoughtrank.errors import UserError

CONFIG = "config.json"

_BYTES_PER_BF16 = 2
_NAMES = {
    "context": ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads"),
    "head_dim": ("head_dim",),
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
}
"""Llama's names first, then those of GPT-2, GPT-J, MPT and Falcon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSizes:
    """Sizes of a decoder, each None where the config does not state it.

    Attributes:
        context: longest sequence in tokens.
        layers: decoder layers.
        heads: query heads.
        kv_heads: key-value heads; the query heads where not stated.
        head_dim: of a key or value; the hidden size over the query heads where not stated.
        hidden_size: of a token.
    """

    context: int | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    hidden_size: int | None = None

    def kv_cache_bytes_per_token(self) -> int | None:
        """Size of one token's keys and values in bf16, all layers together."""
        kv_heads = self.kv_heads or self.heads
        head_dim = self.head_dim
        if head_dim is None and self.hidden_size is not None and self.heads is not None:
            head_dim = self.hidden_size // self.heads
        if self.layers is None or kv_heads is None or head_dim is None:
            return None
        return 2 * self.layers * kv_heads * head_dim * _BYTES_PER_BF16


def read_sizes(folder: Path) -> ModelSizes:
    """The sizes in the config of a model folder.

    Raises:
        UserError: the file cannot be read, is no config, or states a size that is no positive number.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}): copy the model folder again") from error
    if not isinstance(config, Mapping):
        raise UserError(
            f"{path} is no config of a model: it holds a {type(config).__name__}, not an object: copy the model folder again"
        )
    # Models of text and images keep the sizes of their text part inside.
    inner = config.get("text_config")
    stated = {**inner, **config} if isinstance(inner, Mapping) else config
    sizes = {}
    for name, keys in _NAMES.items():
        key = next((key for key in keys if stated.get(key) is not None), None)
        if key is not None:
            sizes[name] = stated[key]
            if type(stated[key]) is not int or stated[key] < 1:
                raise UserError(
                    f"{path}: {key} is {stated[key]!r}, not a whole number from 1: copy the model folder again"
                )
    return ModelSizes(**sizes)
