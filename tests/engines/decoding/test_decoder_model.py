"""Cache dimensions are read from any config, and prompts are padded at the end."""

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from thoughtrank.engines.decoding.decoder_model import new_cache, pad


def llama(**sizes):
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=8, hidden_size=24, intermediate_size=8, num_hidden_layers=3, num_attention_heads=6, **sizes
        )
    )


def dimensions(model):
    cache = new_cache(model)
    return cache.layers, cache.kv_heads, cache.head_dim


def test_dimensions_come_from_the_config_or_follow_from_it():
    assert dimensions(llama(num_key_value_heads=2)) == (3, 2, 4)
    assert dimensions(llama(num_key_value_heads=2, head_dim=8)) == (3, 2, 8)
    # No grouped queries and no head_dim in this config.
    assert dimensions(GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2))) == (1, 2, 4)


def test_prompts_are_padded_at_the_end():
    assert pad([[1, 2, 3], [4]], torch.device("cpu")).tolist() == [[1, 2, 3], [4, 0, 0]]
