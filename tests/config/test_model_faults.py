"""A model folder that a run cannot use is one line for each reason, before anything starts."""

import pytest
from composing import faults_of
from model_kinds import write_kind


@pytest.fixture
def faults(tiny_folder, tmp_path):
    """What a user sees of a run with a model of a family."""

    def find(kind, *overrides, **changes):
        folder = write_kind(kind, tmp_path / "model", tokenizer=tiny_folder, **changes)
        limits = ["generation.thought_tokens=20", "generation.answer_tokens=20"]
        places = [f"runs_dir={tmp_path}/runs", f"cache_dir={tmp_path}/cache"]
        model = ["model=smollm2_135m", f"model.name={folder}"]
        return faults_of("judge=fake", *model, *limits, *places, *overrides)

    return find


def test_a_supported_family_has_no_faults(faults):
    assert faults("gpt2") == []


def test_a_model_without_keys_and_values_is_named_once_per_part(faults):
    engine, training = faults("mamba")
    assert engine.startswith("engine=transformers cannot decode a MambaForCausalLM (layers of it keep a state")
    assert "set training.packing=false" in training


def test_the_way_out_is_no_fault(faults):
    served = ["engine=openai", "engine.base_urls=[http://127.0.0.1:1/v1]", "training.packing=false"]
    assert [each for each in faults("falcon", *served) if "Falcon" in each] == []


def test_an_adapter_that_does_not_fit_is_found_before_the_run(faults):
    [fault] = faults("mixtral", "adapter=lora", "adapter.dropout=0.1")
    assert fault.startswith("adapter.dropout=0.1 does not work with the fused experts")
