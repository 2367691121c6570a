import hashlib

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from thoughtrank.errors import UserError
from thoughtrank.models.model_files import ModelWriter, file_sha256
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE


@pytest.fixture
def loaded(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder), AutoTokenizer.from_pretrained(tiny_folder)


def written(loaded, folder, **settings):
    model, tokenizer = loaded
    ModelWriter(**settings).write(folder, model=model, tokenizer=tokenizer, name="a model")
    return AutoTokenizer.from_pretrained(folder)


def test_a_base_model_without_a_template_gets_one_saved(loaded, tmp_path):
    loaded[1].chat_template = None
    assert written(loaded, tmp_path).chat_template == PLAIN_TEMPLATE


def test_the_plain_template_can_replace_the_models_own(loaded, tmp_path):
    own = loaded[1].chat_template
    assert written(loaded, tmp_path / "own").chat_template == own != PLAIN_TEMPLATE
    assert written(loaded, tmp_path / "plain", chat_template="plain").chat_template == PLAIN_TEMPLATE


def test_a_template_that_reads_the_clock_is_saved_with_a_fixed_date(loaded, tmp_path):
    loaded[1].chat_template = "It is {{ strftime_now('%Y') }}. {{ messages[0]['content'] }}"
    tokenizer = written(loaded, tmp_path, date="1999-12-31")
    messages = [{"role": "user", "content": "Why?"}]
    assert tokenizer.apply_chat_template(messages, tokenize=False) == "It is 1999. Why?"
    tokenizer.save_pretrained(tmp_path / "released")
    released = AutoTokenizer.from_pretrained(tmp_path / "released")
    assert released.apply_chat_template(messages, tokenize=False) == "It is 1999. Why?"


def test_each_of_several_templates_gets_the_fixed_date(loaded, tmp_path):
    loaded[1].chat_template = {"default": "{{ strftime_now('%Y') }}", "tool_use": "tools, {{ strftime_now('%Y') }}"}
    tokenizer = written(loaded, tmp_path, date="1999-12-31")
    messages = [{"role": "user", "content": "Why?"}]
    texts = [
        tokenizer.apply_chat_template(messages, chat_template=name, tokenize=False) for name in ("default", "tool_use")
    ]
    assert texts == ["1999", "tools, 1999"]


def test_a_tokenizer_without_padding_pads_with_its_end_of_sequence(loaded, tmp_path):
    loaded[1].pad_token = None
    assert written(loaded, tmp_path).pad_token == "<|im_end|>"


@pytest.mark.parametrize("settings", [{"temperature": 0.9, "top_p": 0.6}, {"top_k": 5, "min_p": 0.1}])
def test_a_model_whose_generation_settings_contradict_each_other_is_saved_with_its_token_ids(
    loaded, tmp_path, settings
):
    before = loaded[0].generation_config
    loaded[0].generation_config = GenerationConfig(do_sample=False, eos_token_id=1, pad_token_id=1, **settings)
    written(loaded, tmp_path)
    after = GenerationConfig.from_pretrained(tmp_path)
    assert (after.eos_token_id, after.pad_token_id) == (1, 1)
    assert after.temperature == before.temperature


def test_another_end_of_turn_ends_replies_and_the_former_one_still_does(loaded, tmp_path):
    tokenizer = written(loaded, tmp_path, end_of_turn="<|im_start|>")
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert tokenizer.eos_token_id == start
    assert GenerationConfig.from_pretrained(tmp_path).eos_token_id == [start, end]
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.eos_token_id == start


def test_an_end_of_turn_that_is_no_token_is_an_error_that_names_the_model(loaded, tmp_path):
    with pytest.raises(UserError, match=r"model\.end_of_turn=<\|none\|>: the tokenizer of a model has no such token"):
        written(loaded, tmp_path, end_of_turn="<|none|>")


def test_only_settings_that_change_the_folder_are_changes():
    assert ModelWriter().changes() == {}
    assert ModelWriter(chat_template="plain", end_of_turn="x").changes() == {
        "chat_template": "plain",
        "end_of_turn": "x",
    }


def test_a_hash_is_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"weights")
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"weights").hexdigest()


def test_a_padding_token_of_minus_one_becomes_that_of_the_tokenizer(loaded, tmp_path):
    loaded[0].config.pad_token_id = loaded[0].generation_config.pad_token_id = -1
    tokenizer = written(loaded, tmp_path)
    assert GenerationConfig.from_pretrained(tmp_path).pad_token_id == tokenizer.pad_token_id
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.pad_token_id == tokenizer.pad_token_id
