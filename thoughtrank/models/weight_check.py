"""The weights that a model's config wants, compared with those that the headers of its files list."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from thoughtrank.models.model_config import ModelSizes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Shapes = Mapping[str, tuple[int, ...]]
_PREFIX = "model."
"""Of all weights but the head's; files of a decoder that was saved without its head leave it out."""


def weight_difference(config: Mapping[str, object], sizes: ModelSizes, *, shapes: Shapes) -> str | None:
    """What the files of a Llama-like decoder lack, or have in another shape; None where they fit.

    Args:
        config: of a model type in ``PLAIN_TYPES``.
        sizes: in it.
        shapes: name of each weight in the files to its shape.
    """
    found = {name.removeprefix(_PREFIX): shape for name, shape in shapes.items()}
    wanted = dict(_wanted(config, sizes))
    layers = {name.split(".")[1] for name in found if name.startswith("layers.")}
    if sizes.layers is not None and len(layers) < sizes.layers:
        return f"has weights of {len(layers)} layers, and its config.json states {sizes.layers}"
    missing = [name for name in wanted if name not in found]
    if missing:
        more = f" and {len(missing) - 1:,} more weights" if len(missing) > 1 else ""
        return f"lacks {_PREFIX}{missing[0]}{more}"
    for name, shape in wanted.items():
        if all(shape) and found[name] != shape:
            return f"has {_PREFIX}{name} of the shape {_text(found[name])}, and its config.json states {_text(shape)}"
    return None


def too_few_weights(model: "PreTrainedModel", *, shapes: Shapes) -> str | None:
    """That the files of a folder have fewer weights than the model, under whatever names and however they are joined.

    Args:
        model: made from the config of the folder, without weights.
        shapes: as above. More weights than the model has are no fault: some files have heads that are not used.
    """
    wanted, found = sum(each.numel() for each in model.parameters()), sum(map(prod, shapes.values()))
    if found >= wanted:
        return None
    return f"has {found:,} weights, and a {type(model).__name__} of its config.json {wanted:,}"


def _wanted(config: Mapping[str, object], sizes: ModelSizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and shape of each weight but the head's; 0 stands for a size that the config leaves to transformers."""
    kind, stated = config.get("model_type"), {name: config.get(name) for name in ("head_dim", "num_key_value_heads")}
    hidden, width = sizes.hidden_size or 0, sizes.intermediate_size or 0
    default = 0 if kind == "qwen3" else hidden // (sizes.heads or 1)
    head_dim = sizes.head_dim or default
    queries = (sizes.heads or 0) * head_dim
    keys = (sizes.kv_heads or 0) * head_dim if stated["num_key_value_heads"] is not None else 0
    yield "embed_tokens.weight", (sizes.vocabulary or 0, hidden)
    yield "norm.weight", (hidden,)
    matrices = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (width, hidden),
        "mlp.up_proj": (width, hidden),
        "mlp.down_proj": (hidden, width),
    }
    vectors = {"input_layernorm.weight": hidden, "post_attention_layernorm.weight": hidden}
    if kind == "qwen3":
        vectors |= {"self_attn.q_norm.weight": head_dim, "self_attn.k_norm.weight": head_dim}
    vectors |= {f"{name}.bias": matrices[name][0] for name in _biased(config)}
    for layer in range(sizes.layers or 0):
        yield from ((f"layers.{layer}.{name}.weight", shape) for name, shape in matrices.items())
        yield from ((f"layers.{layer}.{name}", (size,)) for name, size in vectors.items())


def _biased(config: Mapping[str, object]) -> list[str]:
    """The matrices of a layer that have a bias."""
    kind, found = config.get("model_type"), []
    if kind == "qwen2" or (kind in ("llama", "qwen3") and config.get("attention_bias")):
        found += ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]
    if kind in ("llama", "qwen3") and config.get("attention_bias"):
        found += ["self_attn.o_proj"]
    if kind == "llama" and config.get("mlp_bias"):
        found += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
    return found


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
