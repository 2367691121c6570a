import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.models.tiny import TinyModel


def test_the_folder_holds_a_bf16_llama_of_the_chosen_shape_with_a_chat_template(tmp_path):
    source = TinyModel(hidden_size=32, layers=1, heads=2, vocabulary=300, context=128)
    source.write(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype="auto")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    config = model.config
    assert model.dtype is torch.bfloat16
    assert (config.hidden_size, config.num_hidden_layers, config.num_key_value_heads) == (32, 1, 1)
    assert config.max_position_embeddings == source.context_tokens() == 128
    assert len(tokenizer) == config.vocab_size <= 300
    assert model.num_parameters() <= source.num_parameters()
    messages = [{"role": "user", "content": "Q"}]
    assert tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True).endswith("assistant\n")


def test_the_seed_decides_the_weights(tmp_path):
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        TinyModel(seed=seed, hidden_size=16, layers=1, heads=2).write(tmp_path / name)
    one, same, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "same", "other"))
    assert one == same != other


def test_every_setting_and_the_version_are_part_of_the_identity(monkeypatch):
    other = {"seed": 1, "hidden_size": 128, "layers": 3, "heads": 8, "vocabulary": 500, "context": 64}
    identities = [TinyModel().identity(), *(TinyModel(**{name: value}).identity() for name, value in other.items())]
    monkeypatch.setattr(TinyModel, "version", 90)
    identities.append(TinyModel().identity())
    assert len({str(identity) for identity in identities}) == len(other) + 2


@pytest.mark.parametrize("shape", [{"heads": 3}, {"heads": 0}, {"hidden_size": 60}])
def test_heads_that_do_not_fit_the_hidden_size_are_a_fault(shape):
    assert len(TinyModel(**shape).faults()) == 1
    assert TinyModel().faults() == []
