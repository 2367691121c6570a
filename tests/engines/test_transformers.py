"""The embedded engine writes what ``model.generate`` writes for each candidate alone, in float32."""

import shutil
from pathlib import Path

import pytest
import torch
from reference_decoding import QUESTIONS, Reference, assert_equal_to_generate, requests_for
from transformers import AutoConfig, Qwen2Config, Qwen2ForCausalLM

from thoughtrank.engines.decoding.prefill import plan_openers, plan_prefills
from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, OPEN_TAG


def test_a_tiny_model_writes_the_tokens_of_generate(tiny_folder):
    written = assert_equal_to_generate(
        tiny_folder, [*"abc", "Let", "First of all"], Limits(thought_tokens=70, answer_tokens=40, min_answer_tokens=1)
    )
    assert {each.thought_finish for each in written} >= {"length"}


@pytest.mark.parametrize(
    ("settings", "found", "faults"),
    [
        ({"devices": 8}, 4, ["engine.devices=8, but this machine shows 4 CUDA devices: use engine.devices=auto"]),
        ({"devices": 2}, 1, ["engine.devices=2, but this machine shows 1 CUDA device: use engine.devices=auto"]),
        ({"devices": "2"}, 1, ["engine.devices=2, but this machine shows 1 CUDA device: use engine.devices=auto"]),
        ({"devices": 4}, 4, []),
        ({"devices": 8, "device": "cpu"}, 4, []),
        ({"devices": 8}, 0, []),
        ({"devices": "auto"}, 4, []),
        (
            {"devices": 8, "device": "cuda"},
            0,
            ["engine.device=cuda, but this machine has none: use engine.device=auto"],
        ),
    ],
    ids=str,
)
def test_more_devices_than_the_machine_has_are_a_fault(monkeypatch, settings, found, faults):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    assert TransformersEngine(dtype="float32", **settings).faults() == faults


@pytest.fixture(scope="module")
def qwen_folder(tiny_folder, tmp_path_factory) -> Path:
    """A random Qwen2, whose queries, keys and values have biases, with the tiny model's tokenizer."""
    folder = tmp_path_factory.mktemp("qwen2")
    shutil.copytree(tiny_folder, folder, dirs_exist_ok=True)
    sizes = AutoConfig.from_pretrained(tiny_folder).to_dict()
    names = (
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "eos_token_id",
    )
    torch.manual_seed(1)
    config = Qwen2Config(**{name: sizes[name] for name in names}, num_key_value_heads=2, initializer_range=0.2)
    model = Qwen2ForCausalLM(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("modules", [False, True], ids=["own arithmetic", "modules of transformers"])
def test_a_model_with_biases_writes_the_tokens_of_generate(qwen_folder, modules, monkeypatch):
    if modules:
        monkeypatch.setattr("thoughtrank.engines.decoding.llama_model._CLASSES", ())
    assert_equal_to_generate(
        qwen_folder, [*"abc", "Let"], Limits(thought_tokens=30, answer_tokens=20, min_answer_tokens=1)
    )


@pytest.mark.parametrize("modules", [False, True], ids=["own arithmetic", "modules of transformers"])
@pytest.mark.parametrize("token_budget", [560, 65536])
def test_prompts_with_a_common_beginning_write_the_tokens_of_generate(qwen_folder, token_budget, modules, monkeypatch):
    if modules:
        monkeypatch.setattr("thoughtrank.engines.decoding.llama_model._CLASSES", ())
    shared = []

    def noted(*args, **options):
        prefills = plan_prefills(*args, **options)
        shared.extend(tokens for prefill in prefills for tokens in prefill.copied)
        return prefills

    monkeypatch.setattr("thoughtrank.engines.decoding.decoding_loop.plan_prefills", noted)
    assert_equal_to_generate(
        qwen_folder,
        [*"abc", "Let"],
        Limits(thought_tokens=20, answer_tokens=10, min_answer_tokens=1),
        questions=[
            f"Work it out in your head, and answer with a number and nothing else. {each}" for each in QUESTIONS
        ],
        token_budget=token_budget,
    )
    assert max(shared) >= 16


@pytest.mark.parametrize("modules", [False, True], ids=["own arithmetic", "modules of transformers"])
def test_long_openers_of_several_questions_write_the_tokens_of_generate(qwen_folder, modules, monkeypatch):
    if modules:
        monkeypatch.setattr("thoughtrank.engines.decoding.llama_model._CLASSES", ())
    questions_read = []

    def noted(openers, **options):
        prefills = plan_openers(openers, **options)
        questions_read.extend(len(set(prefill.beginnings)) for prefill in prefills)
        return prefills

    monkeypatch.setattr("thoughtrank.engines.decoding.decoding_loop.plan_openers", noted)
    assert_equal_to_generate(
        qwen_folder,
        ["So we add both numbers", "We take the second number from the first", "Let"],
        Limits(thought_tokens=20, answer_tokens=10, min_answer_tokens=1),
    )
    assert max(questions_read) > 1


@pytest.mark.slow
def test_the_default_model_writes_the_tokens_of_generate(smollm2_folder):
    written = assert_equal_to_generate(
        smollm2_folder,
        [*"aL", "Wait"],
        Limits(thought_tokens=20, answer_tokens=12, min_answer_tokens=1),
        questions=QUESTIONS[1:2],
    )
    assert {each.thought_finish for each in written} == {each.answer_finish for each in written} == {"stop", "length"}


@pytest.mark.parametrize("opener", ["", EMPTY_THOUGHT])
def test_many_questions_with_one_branch_each_write_the_tokens_of_generate(tiny_folder, opener):
    requests = requests_for(tiny_folder, [opener])
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        results = session.generate(requests, limits=Limits(thought_tokens=0, answer_tokens=30))
    reference = Reference(tiny_folder)
    for request, [continuation] in zip(requests, results, strict=True):
        expected = reference.generate(reference.encode(request.prompt + opener), max_new_tokens=30)
        eos = reference.tokenizer.eos_token_id
        assert list(continuation.answer_ids) == [token for token in expected if token != eos]


def test_the_same_group_gives_the_same_text_twice(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcd"])
    limits = Limits(thought_tokens=20, answer_tokens=10)
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        assert session.generate(requests, limits=limits) == session.generate(requests, limits=limits)
