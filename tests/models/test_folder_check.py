"""Model folders that cannot be trained: one line each, and no weights are read."""

import json
import shutil

import pytest
from model_kinds import SETTINGS, model_of
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.models.folder_check import (
    check_folder,
    check_number_of_weights,
    check_token_ids,
    weight_files,
)
from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.load_folder import empty_model


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def configure(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def fault_of(folder):
    [fault] = HuggingFaceModel(name=str(folder)).faults()
    assert "\n" not in fault
    return fault


def test_a_whole_folder_has_no_faults(folder):
    assert HuggingFaceModel(name=str(folder)).faults() == []


@pytest.mark.parametrize("method", ["bitsandbytes", "gptq", "awq", "fp8", "mxfp4"])
def test_quantised_weights_are_named_by_their_method(folder, method):
    configure(folder, quantization_config={"quant_method": method})
    assert f"the weights are quantised ({method})" in fault_of(folder)


def test_a_model_with_code_of_its_own_is_not_run(folder):
    configure(folder, model_type="house", auto_map={"AutoModelForCausalLM": "modeling_house.House"})
    assert "code of its own" in fault_of(folder)


def test_code_beside_a_model_that_transformers_knows_is_ignored(folder):
    configure(folder, auto_map={"AutoModelForCausalLM": "modeling_house.House"})
    assert HuggingFaceModel(name=str(folder)).faults() == []


@pytest.mark.parametrize(
    ("kind", "said"), [("house", "unknown to the installed transformers"), ("clip", "no language model")]
)
def test_a_type_that_is_no_language_model_is_named(folder, kind, said):
    configure(folder, model_type=kind)
    fault = fault_of(folder)
    assert f"model type {kind!r}" in fault
    assert said in fault


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hidden_act": "house"}, "hidden_act in its config.json is 'house', which transformers does not know"),
        ({"dtype": "house"}, "dtype in its config.json is 'house', which is no data type of torch such as bfloat16"),
        ({"torch_dtype": "torch.bfloat16"}, "torch_dtype in its config.json is 'torch.bfloat16'"),
        ({"dtype": "zeros"}, "is no data type"),
    ],
)
def test_a_name_that_the_libraries_do_not_know_is_named_before_anything_is_loaded(folder, values, said):
    configure(folder, **values)
    fault = fault_of(folder)
    assert said in fault
    assert "correct it, or download the folder again" in fault


@pytest.mark.parametrize("values", [{"hidden_act": "mish"}, {"dtype": "half"}, {"torch_dtype": None}])
def test_rare_names_are_no_faults(folder, values):
    configure(folder, **values)
    assert HuggingFaceModel(name=str(folder)).faults() == []


def test_a_tokenizer_of_an_unknown_form_is_named_with_what_the_library_says(folder):
    path = folder / "tokenizer.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "model": {**stored["model"], "type": "House"}}))
    fault = fault_of(folder)
    assert f"{path} has a form that tokenizers" in fault
    assert "save the tokenizer again" in fault


def test_a_tokenizer_of_an_older_form_that_cannot_be_converted_is_named(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"nonsense")
    assert f"no tokenizer and model can be loaded from {folder}" in fault_of(folder)


def test_an_encoder_decoder_is_refused(folder):
    configure(folder, is_encoder_decoder=True)
    assert "encoder-decoder" in fault_of(folder)


def test_an_adapter_beside_a_model_is_named(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "another/model"}')
    assert "has an adapter (adapter_config.json) beside the model" in fault_of(folder)


def test_an_adapter_without_its_model_is_named(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    assert "an adapter without its model" in fault_of(tmp_path)


def test_a_folder_without_a_tokenizer_names_its_file(folder):
    (folder / "tokenizer.json").unlink()
    assert "tokenizer.json" in fault_of(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"tie_word_embeddings": False},
            "lacks lm_head.weight, and tie_word_embeddings in its config.json is not true",
        ),
        ({"num_hidden_layers": 3}, "has weights of 2 layers, and its config.json states 3"),
        (
            {"intermediate_size": 1024},
            "mlp.gate_proj.weight of the shape 128 x 64, and its config.json states 1024 x 64",
        ),
        ({"attention_bias": True}, "lacks model.layers.0.self_attn.q_proj.bias and 7 more weights"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "lacks low_freq_factor, high_freq_factor"),
    ],
)
def test_weights_that_would_be_filled_at_random_are_named(folder, changes, said):
    configure(folder, **changes)
    assert said in fault_of(folder)


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_family_whose_weights_have_other_names_is_checked_by_their_number(kind, tmp_path):
    model_of(kind).save_pretrained(tmp_path)
    empty = empty_model(tmp_path)
    assert check_number_of_weights(tmp_path, empty) == []
    weights = load_file(tmp_path / "model.safetensors")
    weights.popitem()
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    [fault] = check_number_of_weights(tmp_path, empty)
    assert f" weights, and a {type(empty).__name__} of its config.json " in fault


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"<html>"])
@pytest.mark.parametrize(
    "name", ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors.index.json"]
)
def test_a_torn_file_beside_the_weights_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    assert f"{name} cannot be read as JSON" in fault_of(folder)


def test_cut_weights_are_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    assert "model.safetensors is cut" in fault_of(folder)


def test_a_chat_template_that_cannot_be_parsed_is_named_with_the_way_out(folder):
    (folder / "chat_template.jinja").write_text("{% for m in messages %}")
    assert "chat template cannot be parsed" in (fault := fault_of(folder))
    assert "model.chat_template=plain" in fault
    assert HuggingFaceModel(name=str(folder), chat_template="plain").faults() == []


POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
)


@pytest.mark.parametrize("names", [["model.safetensors"], ["tokenizer.json"], ["model.safetensors", "tokenizer.json"]])
def test_files_that_a_clone_without_git_lfs_lacks_are_named_with_the_way_to_get_them(folder, names):
    for name in names:
        (folder / name).write_text(POINTER)
    fault = fault_of(folder)
    assert f"{', '.join(names)} {'are pointers' if len(names) > 1 else 'is a pointer'} of Git LFS" in fault
    assert "git lfs pull" in fault


def test_a_missing_shard_is_named(folder):
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "lacks weights (model-00001-of-00002.safetensors)" in fault_of(folder)


def test_every_fault_of_a_folder_is_reported(folder):
    configure(folder, quantization_config={"quant_method": "gptq"})
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UserError) as caught:
        check_folder(folder)
    assert len(caught.value.faults) == 2


def test_a_second_copy_of_the_weights_does_not_count(folder):
    parameters = HuggingFaceModel(name=str(folder)).num_parameters()
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")
    assert [path.name for path in weight_files(folder)] == ["model.safetensors"]
    assert HuggingFaceModel(name=str(folder)).num_parameters() == parameters


def test_tokens_added_without_embeddings_are_named_before_the_weights_are_loaded(folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"eos_token": "<|done|>"})
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(b"not read")
    with pytest.raises(UserError, match=r"has the token '<\|done\|>' with the number \d+, and the model embeds only"):
        HuggingFaceModel(name=str(folder)).write(tmp_path / "copy")


def test_an_added_token_that_no_prompt_has_needs_no_embedding(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<image_soft_token>"], special_tokens=True)
    check_token_ids(tokenizer, folder=folder)
