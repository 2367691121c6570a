"""The trainings that ``gpu_training.py`` measures: planned, and not run."""

from dataclasses import replace

import pytest
from transformers import AutoTokenizer

from thoughtrank.finetuning import training_data
from thoughtrank.finetuning.batching.batch_plan import plan_batches

NUMBERS = range(12)


@pytest.fixture
def gpu_training(benchmark_module):
    return benchmark_module("gpu_training")


@pytest.fixture
def hidden(benchmark_module, monkeypatch):
    """The kernels that are hidden; all are there again after the test."""
    kernels = benchmark_module("gpu_profiled_objective").HIDE
    for module, function, _ in kernels.values():
        monkeypatch.setattr(module, function, getattr(module, function))
    return lambda: {name for name, (module, function, no) in kernels.items() if getattr(module, function) is no}


@pytest.fixture
def plans(monkeypatch):
    """Of every training whose data are loaded: the micro-batches of each step."""
    made = []

    def plan(*given, **more):
        made.append(plan_batches(*given, **more))
        return made[-1]

    monkeypatch.setattr(training_data, "plan_batches", plan)
    return made


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")  # holds the model of all tests


def test_every_variant_is_tested(gpu_training):
    assert len(gpu_training.VARIANTS) == len(NUMBERS)


@pytest.mark.parametrize("lengths", ["tiny", "3b"])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_whole_step_is_profiled_without_the_kernels_that_are_named(
    gpu_training, number, lengths, hidden, plans, work, tmp_path, benchmark_module
):
    common, variant = benchmark_module("gpu_common"), gpu_training.VARIANTS[number]
    measured = common.SHAPES[lengths]
    shape = replace(common.SHAPES["tiny"], sequence=measured.sequence, example_tokens=measured.example_tokens)
    part = common.Part(name="training", device="cpu", shape=shape, work=work, until=0.0)
    gpu_training.write_examples(part, tmp_path / "examples", variant=variant)
    job = gpu_training.job_of(part, variant=variant, work=tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(job.model)
    training_data.load_training_data(job, tokenizer=tokenizer, rank=0, world_size=1)
    [steps] = plans
    assert {len(step) for step in steps} == {variant.passes(part)} == {job.objective["calls"]}
    # The profile begins with a step, and ends before the training does.
    step, rest = divmod(job.objective["first_call"], variant.passes(part))
    assert rest == 0
    assert step + 1 < gpu_training._STEPS < len(steps)
    assert hidden() == set(variant.without)


def test_the_memory_of_each_training_is_expected_by_the_arithmetic_of_the_plan(
    gpu_training, benchmark_module, tmp_path
):
    common = benchmark_module("gpu_common")
    part = common.Part(name="training", device="cuda", shape=common.SHAPES["3b"], work=tmp_path, until=0.0)
    expected = {each.name: gpu_training.expected_memory(part, variant=each) for each in gpu_training.VARIANTS}
    assert expected.pop("fp32_master, checkpointing, autocast") is None
    assert all(32 < gigabytes < 80 for gigabytes in expected.values()), expected
    assert expected["bf16_kahan, checkpointing"] < expected["bf16_kahan"] < expected["bf16_kahan, twice the tokens"]
    assert expected["bf16_kahan"] < expected["bf16_kahan, without flash"]
