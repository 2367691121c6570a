"""The sizes in a model's ``config.json``, under the names that families of models give them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from thoughtrank.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

CONFIG = "config.json"
PLAIN_TYPES = frozenset({"llama", "mistral", "qwen2", "qwen3"})
"""Model types that every part here supports; others are examined before they are used."""

_BYTES_PER_BF16 = 2
_NAMES = {
    "context": ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len"),
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads"),
    "head_dim": ("head_dim",),
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "vocabulary": ("vocab_size",),
}
"""Llama's names first, then those of GPT-2, GPT-J, MPT and Falcon."""
_NEEDED = ("context", "layers", "heads", "hidden_size")
"""Where a config states them, transformers is not asked for what it leaves out."""


class CacheSizes(NamedTuple):
    """Sizes of a KV cache; see ``ModelSizes``."""

    layers: int
    kv_heads: int
    head_dim: int


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
        vocabulary: tokens that have an embedding.
        intermediate_size: of a token inside an MLP.
        kind: the model type, such as ``llama``; None where it is not stated.
    """

    context: int | None = None
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    hidden_size: int | None = None
    vocabulary: int | None = field(default=None, compare=False)
    intermediate_size: int | None = field(default=None, compare=False)
    kind: str | None = field(default=None, compare=False)

    def cache_sizes(self) -> CacheSizes | None:
        """The sizes of a KV cache; None where they are not all known, as of models that keep no keys and values."""
        kv_heads = self.kv_heads or self.heads
        head_dim = self.head_dim
        if head_dim is None and self.hidden_size is not None and self.heads is not None:
            head_dim = self.hidden_size // self.heads
        if self.layers is None or kv_heads is None or head_dim is None:
            return None
        return CacheSizes(layers=self.layers, kv_heads=kv_heads, head_dim=head_dim)

    def kv_cache_bytes_per_token(self) -> int | None:
        """Size of one token's keys and values in bf16, all layers together."""
        sizes = self.cache_sizes()
        return None if sizes is None else 2 * sizes.layers * sizes.kv_heads * sizes.head_dim * _BYTES_PER_BF16


def read_sizes(folder: Path) -> ModelSizes:
    """The sizes in the config of a model folder. What the file leaves out is what transformers takes for such a model.

    Raises:
        UserError: the file cannot be read, is no config, or states a size that is no positive number.
    """
    path = folder / CONFIG
    config = _read_config(path)
    # Models of text and images keep the sizes of their text part inside.
    inner = config.get("text_config")
    sizes = _stated_sizes({**inner, **config} if isinstance(inner, Mapping) else config, path=path)
    if not all(name in sizes for name in _NEEDED):
        text = _text_config(config, path=path)
        if text is not None:
            sizes |= {name: size for name, size in asdict(sizes_of(text)).items() if type(size) is int}
    kind, width = config.get("model_type"), config.get("intermediate_size")
    stated: dict[str, Any] = {
        **sizes,
        "kind": kind if isinstance(kind, str) else None,
        # Some families state one size per layer.
        "intermediate_size": width if type(width) is int and width > 0 else None,
    }
    return ModelSizes(**stated)


def sizes_of(config: "PreTrainedConfig") -> ModelSizes:
    """The sizes in a loaded config of a language model; transformers gives them Llama's names in every config."""
    values = {name: getattr(config, keys[0], None) for name, keys in _NAMES.items()}
    # Lists are sizes that differ from layer to layer.
    found: dict[str, Any] = {name: value for name, value in values.items() if type(value) is int and value > 0}
    return ModelSizes(**found)


def _read_config(path: Path) -> Mapping[str, object]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}): copy the model folder again") from error
    if not isinstance(config, Mapping):
        raise UserError(
            f"{path} is no config of a model: it holds a {type(config).__name__}, not an object: copy the model folder again"
        )
    return config


def _stated_sizes(config: Mapping[str, object], *, path: Path) -> dict[str, int]:
    sizes = {}
    for name, keys in _NAMES.items():
        key = next((key for key in keys if config.get(key) is not None), None)
        if key is not None:
            size = config[key]
            if type(size) is not int or size < 1:
                raise UserError(f"{path}: {key} is {size!r}, not a whole number from 1: copy the model folder again")
            sizes[name] = size
    return sizes


def _text_config(config: Mapping[str, object], *, path: Path) -> "PreTrainedConfig | None":
    """The config of the language model; None of a type that the installed transformers does not know."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        return None
    try:
        return CONFIG_MAPPING[kind].from_dict(dict(config)).get_text_config(decoder=True)
    except Exception as error:
        # Each config checks its values in its own way.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"{path} is no config of a {kind} ({reason}): copy the model folder again") from error
