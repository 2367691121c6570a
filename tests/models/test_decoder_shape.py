"""Shapes of decoders, from stated sizes and from the configs of models."""

from pathlib import Path

import pytest
import yaml
from model_kinds import config_of

from thoughtrank.instantiate import make_component
from thoughtrank.models.decoder_shape import decoder_shape
from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.model_config import ModelSizes, read_sizes
from thoughtrank.models.tiny import TinyModel

CONF = Path(__file__).parents[2] / "conf" / "model"
SIZES = ModelSizes(layers=3, heads=4, kv_heads=2, hidden_size=32, intermediate_size=64, vocabulary=1000)
LAYERS = 3 * (2 * 32 * (32 + 16) + 3 * 32 * 64)


@pytest.mark.parametrize("choice", ["llama3.2_3b", "llama3.2_1b", "qwen2.5_0.5b", "smollm2_135m"])
def test_the_sizes_that_a_choice_states_are_those_of_its_weights_and_its_cache(choice):
    stated = yaml.safe_load((CONF / f"{choice}.yaml").read_text())
    shape = make_component(stated, where="model").decoder_shape()
    assert shape.tied
    assert shape.weights == pytest.approx(stated["parameters"], rel=0.001)
    assert 2 * 2 * shape.layers * shape.key_size == stated["cache_bytes"]


def test_the_default_model_is_known_from_its_package():
    default = make_component(yaml.safe_load((CONF / "smollm2_135m_q4.yaml").read_text()), where="model")
    other = make_component(yaml.safe_load((CONF / "smollm2_135m.yaml").read_text()), where="model")
    assert default.decoder_shape() == other.decoder_shape()


def test_the_number_of_weights_decides_whether_the_head_is_the_embedding():
    assert decoder_shape(SIZES, parameters=LAYERS + 32_000).tied
    assert not decoder_shape(SIZES, parameters=LAYERS + 64_000).tied


@pytest.mark.parametrize("parameters", [None, 8 * LAYERS])
def test_a_model_with_other_weights_has_no_such_shape(parameters):
    assert decoder_shape(SIZES, parameters=parameters) is None


def test_sizes_that_are_not_all_known_give_none():
    assert decoder_shape(ModelSizes(layers=3, heads=4, hidden_size=32, vocabulary=1000), parameters=LAYERS) is None
    assert HuggingFaceModel(name="organisation/model", parameters=LAYERS).decoder_shape() is None


@pytest.mark.parametrize("kind", ["gpt2", "gemma3", "mixtral"])
def test_families_with_other_layers_give_none(kind, tmp_path):
    config_of(kind).save_pretrained(tmp_path)
    sizes = read_sizes(tmp_path)
    assert all(decoder_shape(sizes, parameters=parameters) is None for parameters in range(10**4, 10**6, 10**4))


def test_the_shape_of_a_local_folder_is_that_of_its_config(tiny_folder):
    shape, stated = HuggingFaceModel(name=str(tiny_folder)).decoder_shape(), TinyModel().decoder_shape()
    assert shape.vocabulary <= stated.vocabulary
    assert shape.layer_weights == stated.layer_weights
    assert (shape.layers, shape.heads, shape.kv_heads, shape.head_dim) == (2, 4, 2, 16)
