"""What a model's modules and config show of its attention, keys and values, and logits."""

import pytest
import torch
from model_kinds import model_of
from transformers import LlamaConfig, LlamaForCausalLM

from thoughtrank.models.special_parts import (
    attention_dropout,
    attention_extras,
    has_plain_attention,
    keeps_state,
    logit_scale,
    rescales_positions,
    unusual_keys_and_values,
)


@pytest.fixture(scope="module")
def kinds():
    with torch.device("meta"):
        return {kind: model_of(kind) for kind in ("gpt2", "gptj", "mamba", "gemma2", "gemma3", "cohere", "mixtral")}


def test_attention_is_plain_where_transformers_can_exchange_it(kinds):
    plain = {kind for kind, model in kinds.items() if has_plain_attention(model)}
    assert plain == {"gpt2", "gemma2", "gemma3", "cohere", "mixtral"}
    assert {kind for kind, model in kinds.items() if keeps_state(model)} == {"mamba"}


def test_layers_that_do_not_attend_keep_a_state(kinds):
    config = kinds["mixtral"].config
    config.layer_types = ["full_attention", "conv"]
    assert keeps_state(kinds["mixtral"])
    config.layer_types = ["full_attention", "sliding_attention"]
    assert not keeps_state(kinds["mixtral"])


def test_caps_scales_and_dropout_are_named_with_their_values(kinds):
    assert attention_extras(kinds["gemma2"]) == ["caps its scores (attn_logit_softcapping)"]
    assert {kind: scale for kind, model in kinds.items() if (scale := logit_scale(model))} == {
        "gemma2": "final_logit_softcapping=30.0",
        "cohere": "logit_scale=0.0625",
    }
    assert not any(map(attention_dropout, kinds.values()))
    with torch.device("meta"):
        assert attention_dropout(model_of("gpt2", attn_pdrop=0.1)) == "attn_pdrop=0.1"


@pytest.mark.parametrize(("kind", "rescales"), [("default", False), ("llama3", False), ("dynamic", True)])
def test_a_dynamic_rotary_embedding_rescales_positions(kind, rescales):
    llama3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
    scaling = {"rope_type": kind, "rope_theta": 1e4, "factor": 2.0, **(llama3 if kind == "llama3" else {})}
    config = LlamaConfig(
        rope_parameters=scaling, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    with torch.device("meta"):
        assert rescales_positions(LlamaForCausalLM(config)) is rescales


def test_sinks_are_found_among_the_weights(kinds):
    assert attention_extras(kinds["gpt2"]) == []
    kinds["gpt2"].transformer.h[0].attn.sinks = torch.nn.Parameter(torch.empty(4, device="meta"))
    assert attention_extras(kinds["gpt2"]) == ["has sinks"]


def test_keys_and_values_of_several_sizes_are_unusual(kinds):
    assert not any(map(unusual_keys_and_values, kinds.values()))
    kinds["cohere"].config.kv_lora_rank = 8
    assert "differ in size" in unusual_keys_and_values(kinds["cohere"])
