from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.finetuning.distributed.training_engine import TrainingEngine
from thoughtrank.finetuning.model_folder import load_model, save_model


def engine(*, precision="32-true", first_rank=True):
    return TrainingEngine(SimpleNamespace(precision=precision, is_global_zero=first_rank))


class ShardedEngine(TrainingEngine):
    """Gathers float32 weights, of a model whose own tensors are empty."""

    def __init__(self, gathered):
        super().__init__(SimpleNamespace(precision="bf16-mixed", is_global_zero=True))
        self.gathered = gathered

    def gather_weights(self, model):
        return self.gathered


@pytest.mark.parametrize(
    ("weights", "frozen", "precision", "expected"),
    [
        ("fp32_master", False, "32-true", torch.float32),
        ("fp32_master", False, "bf16-mixed", torch.float32),
        ("fp32_master", False, "bf16-true", torch.bfloat16),
        ("bf16_kahan", False, "32-true", torch.bfloat16),
        ("bf16", False, "32-true", torch.bfloat16),
        ("fp32_master", True, "bf16-mixed", torch.bfloat16),
        ("fp32_master", True, "32-true", torch.float32),
    ],
)
def test_weights_are_loaded_in_float32_only_where_something_needs_it(weights, frozen, precision, expected, tiny_folder):
    model = load_model(str(tiny_folder), weights=weights, frozen=frozen, engine=engine(precision=precision))
    assert {parameter.dtype for parameter in model.parameters()} == {expected}


def test_the_saved_folder_is_a_plain_bf16_model_with_its_tokenizer(tiny_folder, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    model.config.use_cache = False
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    save_model(model, tokenizer, output=tmp_path, engine=engine())
    saved = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert {parameter.dtype for parameter in saved.parameters()} == {torch.bfloat16}
    assert saved.config.use_cache
    for name, parameter in AutoModelForCausalLM.from_pretrained(tiny_folder).named_parameters():
        assert torch.equal(saved.get_parameter(name), parameter.to(torch.bfloat16)), name
    assert AutoTokenizer.from_pretrained(tmp_path).get_vocab() == tokenizer.get_vocab()


def test_gathered_weights_are_saved_in_place_of_the_shards(tiny_folder, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    gathered = {name: torch.full_like(parameter, 0.5) for name, parameter in model.named_parameters()}
    save_model(model, AutoTokenizer.from_pretrained(tiny_folder), output=tmp_path, engine=ShardedEngine(gathered))
    saved = load_file(tmp_path / "model.safetensors")
    assert saved.keys() == gathered.keys()
    assert all(tensor.dtype == torch.bfloat16 and tensor.eq(0.5).all() for tensor in saved.values())
    assert AutoModelForCausalLM.from_pretrained(tmp_path).dtype == torch.bfloat16


def test_other_ranks_write_nothing(tiny_folder, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    save_model(model, AutoTokenizer.from_pretrained(tiny_folder), output=tmp_path, engine=engine(first_rank=False))
    assert list(tmp_path.iterdir()) == []
