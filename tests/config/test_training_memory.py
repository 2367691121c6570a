"""A training that does not fit the device at hand is named before a model loads."""

import re

import pytest
from composing import composed, composed_small

from thoughtrank.config import training_memory
from thoughtrank.config.components import make_components
from thoughtrank.config.preflight import config_faults, find_faults, preflight
from thoughtrank.config.schema import load_config
from thoughtrank.config.training_memory import longest_example, memory_faults, settings_of_folder

LARGE = ("model=llama3.2_3b", "training.micro_batch_size=1", "strategy.accelerator=cuda")


def faults(*overrides, memory, monkeypatch):
    monkeypatch.setattr(training_memory, "cuda_memory", lambda: memory)
    config = load_config(composed(*overrides))
    return memory_faults(config, make_components(config))


@pytest.mark.parametrize("checkpointing", ["false", "true", "auto"])
def test_a_model_that_does_not_fit_is_named_with_what_it_needs(checkpointing, monkeypatch):
    overrides = (*LARGE, f"training.gradient_checkpointing={checkpointing}")
    [fault] = faults(*overrides, memory=24_000_000_000, monkeypatch=monkeypatch)
    assert re.match(r"training needs about [5-7]\d\.\d GB", fault)
    assert "24.0 GB" in fault
    assert "adapter=lora" in fault
    assert ("gradient_checkpointing=auto" in fault) is (checkpointing == "false")
    assert "micro_batch_tokens=auto" in fault


@pytest.mark.parametrize("checkpointing", ["false", "auto"])
def test_a_model_of_which_no_micro_batch_fits_is_named_with_its_longest_example(checkpointing, monkeypatch):
    overrides = (*LARGE, "training.micro_batch_tokens=auto", f"training.gradient_checkpointing={checkpointing}")
    [fault] = faults(*overrides, memory=24_000_000_000, monkeypatch=monkeypatch)
    config = load_config(composed(*overrides))
    assert f"a micro-batch of {longest_example(config.generation):,} tokens" in fault
    assert ("gradient_checkpointing=auto" in fault) is (checkpointing == "false")
    assert "micro_batch_tokens=auto" not in fault


def test_micro_batches_of_auto_are_no_fault_where_smaller_ones_fit(monkeypatch):
    large = ("model=llama3.2_3b", "strategy.accelerator=cuda", "training.batch_size=64", "training.micro_batch_size=64")
    assert faults(*large, memory=80_000_000_000, monkeypatch=monkeypatch)
    assert faults(*large, "training.micro_batch_tokens=auto", memory=80_000_000_000, monkeypatch=monkeypatch) == []


def test_what_fits_and_what_is_unknown_is_no_fault(monkeypatch):
    assert faults(*LARGE, memory=141_000_000_000, monkeypatch=monkeypatch) == []
    assert faults(*LARGE, memory=None, monkeypatch=monkeypatch) == []
    assert faults(*LARGE, "stop_after=ranking", memory=1, monkeypatch=monkeypatch) == []
    assert faults(*LARGE, "model.sizes=null", memory=1, monkeypatch=monkeypatch) == []
    assert faults(*LARGE, "strategy.accelerator=cpu", memory=1, monkeypatch=monkeypatch) == []


def test_it_is_a_fault_of_the_memory_unless_the_run_has_finished(monkeypatch):
    monkeypatch.setattr(training_memory, "device_memory", lambda strategy: 1 << 20)
    config = load_config(composed_small())
    components = make_components(config)
    assert [*find_faults(config, components)] == ["memory"]
    preflight(config, components, finished=True)


def test_a_training_key_that_cannot_be_read_is_reported_alone(monkeypatch):
    monkeypatch.setattr(training_memory, "device_memory", lambda strategy: 1 << 20)
    [fault] = config_faults(composed_small("training.batch_size=many"))
    assert fault.startswith("training.batch_size")


def test_auto_is_decided_by_the_folder_of_the_model_and_the_device(tiny_folder, monkeypatch):
    automatic = ("training.gradient_checkpointing=auto", "training.micro_batch_tokens=auto")
    config = load_config(composed(*automatic, "strategy.accelerator=cuda"))
    components = make_components(config)
    for memory, on, tokens in ((1 << 20, True, 256), (1 << 36, False, 8192), (None, False, 4096)):
        monkeypatch.setattr(training_memory, "cuda_memory", lambda memory=memory: memory)
        found = settings_of_folder(config.training, tiny_folder, generation=config.generation, components=components)
        assert (found.gradient_checkpointing, found.micro_batch_tokens) == (on, tokens)


def test_the_longest_example_is_at_the_limits_of_thought_and_answer():
    config = load_config(composed("generation.thought_tokens=100", "generation.answer_tokens=200"))
    assert 300 < longest_example(config.generation) < 500
