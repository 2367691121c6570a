"""What the attention and the output layer of a model have that plain ones have not, read from its modules without weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_ATTENTION_LAYERS = {"attention", "full_attention", "sliding_attention", "chunked_attention"}
_DROPOUTS = ("attention_dropout", "attn_pdrop", "attn_dropout", "attention_probs_dropout_prob")
_ROTARY_SETTINGS = ("rope_parameters", "rope_scaling")
_RESCALED_ROTARY = ("'dynamic'", "'longrope'")
_LOGIT_SCALES = ("logit_scale", "logits_scaling", "lm_head_multiplier", "final_logit_softcapping")


def stated(model: "PreTrainedModel") -> Mapping[str, object]:
    """The values in the config of a model's language part."""
    return model.config.get_text_config(decoder=True).to_dict()


def keeps_state(model: "PreTrainedModel") -> bool:
    """Whether layers keep a state in place of keys and values, as those of Mamba do."""
    layers = stated(model).get("layer_types")
    other = isinstance(layers, list) and not _ATTENTION_LAYERS.issuperset(layers)
    return model._is_stateful or other


def has_plain_attention(model: "PreTrainedModel") -> bool:
    """Whether another function can compute the attention from queries, keys and values."""
    return model._supports_attention_backend and not keeps_state(model)


def attention_extras(model: "PreTrainedModel") -> list[str]:
    """What no attention function here computes: scores that are capped, and sinks."""
    extras = []
    if stated(model).get("attn_logit_softcapping"):
        extras.append("caps its scores (attn_logit_softcapping)")
    if any("sink" in name.rpartition(".")[2] for name, _ in model.named_parameters()):
        extras.append("has sinks")
    return extras


def attention_dropout(model: "PreTrainedModel") -> str | None:
    """Dropout of attention weights in training, such as ``attn_pdrop=0.1``; None where there is none."""
    values = stated(model)
    return next((f"{key}={values[key]}" for key in _DROPOUTS if values.get(key)), None)


def unusual_keys_and_values(model: "PreTrainedModel") -> str | None:
    """How keys and values differ from one pair of one size per layer; None where they do not."""
    values = stated(model)
    if values.get("kv_lora_rank"):
        return "its keys and values differ in size (kv_lora_rank)"
    if values.get("num_kv_shared_layers") or values.get("global_head_dim"):
        return "its layers share keys and values, or have them in several sizes"
    return None


def rescales_positions(model: "PreTrainedModel") -> bool:
    """Whether its rotary embedding changes with the longest sequence that it has read."""
    values = stated(model)
    return any(kind in str(values.get(key)) for key in _ROTARY_SETTINGS for kind in _RESCALED_ROTARY)


def logit_scale(model: "PreTrainedModel") -> str | None:
    """What is done to logits after the output layer, such as ``logit_scale=0.0625``; None where nothing is."""
    values = stated(model)
    return next((f"{key}={values[key]}" for key in _LOGIT_SCALES if values.get(key) not in (None, 1, 0)), None)
