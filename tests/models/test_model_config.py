"""The sizes in a model's config, under whatever names, or one message."""

import json

import pytest
from model_kinds import VOCABULARY, config_of

from thoughtrank.errors import UserError
from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.model_config import ModelSizes, read_sizes

LLAMA = {
    "max_position_embeddings": 2048,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_size": 32,
}
GPT2 = {"n_positions": 1024, "n_ctx": 1024, "n_layer": 3, "n_head": 4, "n_embd": 32}


@pytest.fixture
def write(tmp_path):
    def write(config):
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / "config.json").write_text(text, encoding="latin-1")
        return tmp_path

    return write


def test_the_names_of_gpt2_are_understood(write):
    sizes = read_sizes(write(GPT2))
    assert sizes == ModelSizes(context=1024, layers=3, heads=4, hidden_size=32)
    assert sizes.kv_cache_bytes_per_token() == 2 * 3 * 4 * 8 * 2


def test_the_sizes_of_transformers_own_gpt2_are_found(tmp_path):
    from transformers import GPT2Config

    GPT2Config(n_positions=512, n_layer=2, n_head=2, n_embd=16).save_pretrained(tmp_path)
    assert read_sizes(tmp_path) == ModelSizes(context=512, layers=2, heads=2, hidden_size=16)


@pytest.mark.parametrize("kind", ["gpt2", "gptj", "bloom", "falcon", "gemma3", "mixtral"])
def test_the_sizes_of_a_family_are_those_that_its_config_has_in_transformers(kind, tmp_path):
    config_of(kind).save_pretrained(tmp_path)
    sizes = read_sizes(tmp_path)
    assert (sizes.layers, sizes.heads, sizes.hidden_size, sizes.vocabulary) == (2, 4, 32, VOCABULARY)
    assert sizes.kv_cache_bytes_per_token() == 2 * 2 * (sizes.kv_heads or 4) * 8 * 2


def test_a_model_without_attention_has_no_cache_of_keys_and_values(tmp_path):
    config_of("mamba").save_pretrained(tmp_path)
    sizes = read_sizes(tmp_path)
    assert (sizes.layers, sizes.hidden_size, sizes.heads) == (2, 32, None)
    assert sizes.kv_cache_bytes_per_token() is None


def test_what_a_text_part_leaves_out_is_what_transformers_takes(write):
    text = {"hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024}
    sizes = read_sizes(write({"model_type": "gemma3", "text_config": text}))
    assert sizes == ModelSizes(context=131072, layers=34, heads=8, kv_heads=4, head_dim=256, hidden_size=2560)
    assert sizes.vocabulary == 262208


def test_a_config_that_transformers_does_not_accept_is_one_message(write):
    with pytest.raises(UserError, match="is no config of a gpt2 ") as caught:
        read_sizes(write({"model_type": "gpt2", "resid_pdrop": "much"}))
    assert "\n" not in str(caught.value)


def test_key_value_heads_and_their_dimension_are_used_where_stated(write):
    assert read_sizes(write(LLAMA)).kv_cache_bytes_per_token() == 2 * 3 * 2 * 8 * 2
    assert read_sizes(write({**LLAMA, "head_dim": 5})).kv_cache_bytes_per_token() == 2 * 3 * 2 * 5 * 2


def test_the_text_part_of_a_model_of_text_and_images_counts(write):
    assert read_sizes(write({"text_config": LLAMA})) == read_sizes(write(LLAMA))


def test_what_is_not_stated_is_not_known(write):
    sizes = read_sizes(write({"model_type": "new", "num_key_value_heads": None}))
    assert sizes == ModelSizes()
    assert sizes.kv_cache_bytes_per_token() is None


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000, "\xff", "[]", "null", "3", '"text"'])
def test_a_file_that_is_no_config_is_one_message(write, text):
    model = HuggingFaceModel(name=str(write(text)), context=5, cache_bytes=7)
    [fault] = model.faults()
    assert fault.startswith(f"model.name={model.name}: ")
    assert "config.json" in fault
    # The other checks go on with what is stated.
    assert (model.context_tokens(), model.kv_cache_bytes_per_token()) == (5, 7)


@pytest.mark.parametrize("value", ["many", 0, -1, 2.5, [4], True])
def test_a_size_that_is_no_positive_number_is_one_message(write, value):
    with pytest.raises(UserError, match="num_attention_heads is"):
        read_sizes(write({**LLAMA, "num_attention_heads": value}))


def test_a_folder_whose_model_cannot_be_loaded_is_one_message(write, tmp_path):
    model = HuggingFaceModel(name=str(write({"model_type": "no-such-model"})))
    with pytest.raises(UserError, match="no tokenizer and model can be loaded"):
        model.write(tmp_path / "copy")


@pytest.mark.parametrize("name", ["~no_such_user/model", "x" * 300, "a\0b"])
def test_a_name_that_no_folder_can_have_is_one_message(name):
    [fault] = HuggingFaceModel(name=name).faults()
    assert "no such folder" in fault
