"""Families of models whose config has sizes of other names, or none on top: decoded as transformers does, or refused."""

import pytest
import torch
from model_kinds import model_of, write_kind
from reference_decoding import assert_equal_to_generate

from thoughtrank.engines.decoding.session import context_tokens
from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine


@pytest.mark.parametrize("kind", ["gpt2", "gemma3", "mixtral"])
def test_a_model_generates_what_transformers_generates(kind, tiny_folder, tmp_path):
    folder = write_kind(kind, tmp_path, tokenizer=tiny_folder)
    assert_equal_to_generate(folder, ["a", "Let's"], Limits(thought_tokens=8, answer_tokens=6))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("mamba", "keep a state in place of keys and values"),
        ("bloom", "code of its own"),
        ("gptj", "code of its own"),
        ("falcon", "code of its own"),
        ("gemma2", "attn_logit_softcapping"),
    ],
)
def test_a_model_that_cannot_be_decoded_is_named_with_the_reason(kind, reason):
    with torch.device("meta"):
        model = model_of(kind)
    [fault] = TransformersEngine().model_faults(model)
    assert type(model).__name__ in fault
    assert reason in fault
    assert "engine" in fault


@pytest.mark.parametrize("kind", ["gpt2", "gemma3", "mixtral", "qwen3_moe", "cohere"])
def test_other_models_have_no_faults(kind):
    with torch.device("meta"):
        assert TransformersEngine().model_faults(model_of(kind)) == []


def test_the_context_of_a_model_of_text_and_images_is_that_of_its_text_part():
    with torch.device("meta"):
        config = model_of("gemma3").config
    assert context_tokens(config) == 256
