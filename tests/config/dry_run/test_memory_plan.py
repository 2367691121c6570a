"""The lines of the plan about the memory of devices."""

import re

import pytest
from composing import composed

from thoughtrank.config import training_memory
from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.memory_plan import memory_lines
from thoughtrank.config.schema import load_config
from thoughtrank.finetuning.memory import setup

ON = "training.gradient_checkpointing=true"
RECIPE = ("experiment=llama3.2_3b_cot", "strategy.accelerator=cuda")


def lines(*overrides):
    config = load_config(composed(*overrides))
    components = make_components(config)
    return memory_lines(config, components, weights=components.model.num_parameters(), prefixes=62)


def training(*overrides):
    return next(line for line in lines(*overrides) if "training on" in line)


def gigabytes(line):
    return [float(number) for number in re.findall(r"([\d.]+) GB", line)]


def test_the_first_line_is_that_of_generation():
    first, *others = lines(*RECIPE)
    assert first.startswith("  memory      generation: 6.4 GB of weights")
    assert all(line.startswith(" " * 14) for line in others)


def test_groups_that_a_cpu_decodes_at_once_have_a_cache_each():
    one, two = (
        lines(*RECIPE, "engine=transformers", "engine.device=cpu", f"engine.devices={number}")[0] for number in (1, 2)
    )
    assert one.endswith("(8 x 62 branches)")
    assert two.endswith("(2 groups of 8 x 62 branches)")
    assert gigabytes(two)[1] == pytest.approx(2 * gigabytes(one)[1], abs=0.11)


def test_training_is_stated_with_and_without_gradient_checkpointing():
    without, with_it = gigabytes(training(*RECIPE))[:2]
    assert without > with_it > 18 * 3.2127
    assert "4,096 tokens per micro-batch" in training(*RECIPE)
    assert "2,304 tokens per micro-batch" in training(*RECIPE, "training.micro_batch_size=1")
    assert "8,192 tokens per micro-batch" in training(*RECIPE, "training.micro_batch_tokens=8192")
    on_a_cpu = training(*RECIPE, "strategy.accelerator=cpu")
    assert "4,096 tokens per micro-batch; gradient checkpointing is off" in on_a_cpu


@pytest.mark.parametrize(
    ("memory", "tokens", "chosen"),
    [(72, r"8,192", "on"), (80, r"[23],\d\d\d", "off"), (141, r"8,192", "off")],
)
def test_the_recipe_says_what_it_chooses_for_a_device(memory, tokens, chosen, monkeypatch):
    monkeypatch.setattr(setup, "find_spec", lambda name: None)
    monkeypatch.setattr(training_memory, "cuda_memory", lambda: memory * 1_000_000_000)
    line = training(*RECIPE)
    assert re.search(
        rf"at {tokens} tokens per micro-batch; gradient checkpointing is {chosen}, both chosen for this device of {memory} GB$",
        line,
    )
    here = f"chosen for this device of {memory} GB"
    assert re.search(
        rf"; gradient checkpointing is (on|off), {here}$", training(*RECIPE, "training.micro_batch_tokens=4096")
    )
    assert training(*RECIPE, ON).endswith(f"; gradient checkpointing is on, and the size of micro-batches is {here}")


def test_without_the_device_the_choice_is_left_to_it(monkeypatch):
    monkeypatch.setattr(training_memory, "cuda_memory", lambda: None)
    later = "chosen on the CUDA device that trains"
    assert training(*RECIPE).endswith(f"; both are {later}")
    assert training(*RECIPE, "training.micro_batch_tokens=4096").endswith(f"; gradient checkpointing is {later}")
    assert training(*RECIPE, ON).endswith(f"; gradient checkpointing is on, and the size of micro-batches is {later}")
    assert training(*RECIPE, ON, "training.micro_batch_tokens=4096").endswith("; gradient checkpointing is on")
    assert training(*RECIPE, "strategy.accelerator=cpu").endswith("gradient checkpointing is off")


def test_a_large_model_is_shown_with_what_fits_on_which_card_and_a_small_one_without(monkeypatch):
    monkeypatch.setattr(setup, "find_spec", lambda name: None)  # as without liger-kernel
    [line] = [line for line in lines(*RECIPE) if "what fits" in line]
    assert "48 GB: training.weights=bf16_kahan training.precision=auto, 2,816 tokens; " in line
    assert re.search(r"24 GB: strategy=deepspeed_zero\d strategy.devices=8", line)
    assert re.search(r"80 GB: as configured, [23],\d\d\d tokens; 141 GB: as configured, 8,192 tokens$", line)
    [line] = [line for line in lines(*RECIPE, "training.micro_batch_tokens=4096") if "what fits" in line]
    assert re.search(r"80 GB: as configured with gradient checkpointing; 141 GB: as configured$", line)
    assert not [line for line in lines("model=tiny") if "what fits" in line]


def test_offloading_states_its_main_memory():
    assert "GB of main memory" in training(*RECIPE, "strategy=deepspeed_zero3_offload")


def test_a_model_of_unknown_shape_is_shown_with_the_states_alone():
    shown = lines(*RECIPE, "model.sizes=null")
    assert "one device or ddp 51.4, ZeRO-1 17.7" in shown[-1]
    assert "before activations" in shown[-1]


def test_a_model_of_unknown_size_has_no_line():
    assert lines("model.name=organisation/model") == []
