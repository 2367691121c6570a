"""Weights that a folder's files lack or have in another shape, for decoders whose names are known."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from thoughtrank.models.model_config import PLAIN_TYPES, read_sizes
from thoughtrank.models.weight_check import weight_difference

SIZES = {
    **{"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2},
    **{"intermediate_size": 48, "max_position_embeddings": 64, "vocab_size": 100},
}


@pytest.fixture
def made(tmp_path):
    """A model's config, its sizes, and the shapes of its weights."""

    def make(kind, **settings):
        config = AutoConfig.for_model(kind, **{**SIZES, **settings})
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
        config.save_pretrained(tmp_path)
        shapes = {name: tuple(each.shape) for name, each in model.named_parameters()}
        return config.to_dict(), read_sizes(tmp_path), shapes

    return make


@pytest.mark.parametrize("kind", sorted(PLAIN_TYPES))
@pytest.mark.parametrize("settings", [{}, {"head_dim": 16}, {"attention_bias": True, "mlp_bias": True}])
def test_the_weights_of_each_type_are_those_that_transformers_makes(made, kind, settings):
    config, sizes, shapes = made(kind, **settings)
    assert weight_difference(config, sizes, shapes=shapes) is None
    without_prefix = {name.removeprefix("model."): shape for name, shape in shapes.items()}
    assert weight_difference(config, sizes, shapes=without_prefix) is None
    for name in shapes:
        others = {each: shape for each, shape in shapes.items() if each != name}
        if name != "lm_head.weight":  # another check names it
            assert name in weight_difference(config, sizes, shapes=others)
            assert name in weight_difference(config, sizes, shapes={**shapes, name: (7, 7)})


def test_sizes_that_the_config_leaves_to_transformers_are_not_compared(made):
    config, sizes, shapes = made("qwen3")
    del config["num_key_value_heads"]
    assert weight_difference(config, sizes, shapes={**shapes, "model.layers.0.self_attn.k_proj.weight": (7, 7)}) is None
