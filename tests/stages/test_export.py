import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from thoughtrank.stages.export import Export, round_to_export

# The test questions would choose round 3.
ROUNDS = [{"development_accuracy": each, "accuracy": number} for number, each in enumerate((0.2, 0.5, 0.5, 0.4))]


def test_the_last_round_is_exported_or_the_earliest_of_the_most_accurate_on_development_questions():
    assert round_to_export(ROUNDS, which="last") == 3
    assert round_to_export(ROUNDS, which="best") == 1
    assert round_to_export([{"development_accuracy": None, "accuracy": 0.3}] * 3, which="best") == 2


@pytest.fixture
def stage(store, base):
    return Export(name="export", published=store.paths.export, model=base, card="# A card\n", reply_tokens=77)


def test_an_export_is_a_folder_that_any_tool_loads(stage, store, tiny_folder):
    folder = store.complete(stage).published
    assert (folder / "README.md").read_text() == "# A card\n"
    generation = json.loads((folder / "generation_config.json").read_text())
    assert generation["max_new_tokens"] == 77
    assert not generation.get("do_sample", False)
    assert generation["eos_token_id"] == json.loads((tiny_folder / "config.json").read_text())["eos_token_id"]
    weights, before = (load_file(each / "model.safetensors") for each in (folder, tiny_folder))
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert weights.keys() == before.keys()
    assert all(torch.equal(weights[name], before[name]) for name in weights)


def test_its_tokenizer_has_the_chat_template(stage, store, tiny_folder):
    from transformers import AutoTokenizer

    tokenizers = [AutoTokenizer.from_pretrained(each) for each in (store.complete(stage).published, tiny_folder)]
    messages = [{"role": "user", "content": "What is 1 + 1?"}]
    first, second = (each.apply_chat_template(messages, tokenize=False) for each in tokenizers)
    assert first == second


def test_model_card_and_length_of_a_reply_are_the_inputs_and_another_export_replaces_it(stage, store):
    store.complete(stage)
    other = replace(stage, card="# Another card\n")
    assert other.inputs() != stage.inputs()
    assert replace(stage, reply_tokens=78).inputs() != stage.inputs()
    assert replace(stage, name="release").inputs() == stage.inputs()
    assert (store.complete(other).published / "README.md").read_text() == "# Another card\n"
