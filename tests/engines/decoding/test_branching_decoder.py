"""A group that does not fit is an error before anything is decoded."""

import pytest
from reference_decoding import requests_for

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError


def test_a_budget_too_small_for_one_branch_is_an_error(tiny_folder):
    requests = requests_for(tiny_folder, [""])
    with (
        TransformersEngine(dtype="float32", device="cpu", token_budget=50).open(tiny_folder) as session,
        pytest.raises(UserError, match=r"engine\.token_budget is 50"),
    ):
        session.generate(requests, limits=Limits(thought_tokens=0, answer_tokens=30))


def test_a_prompt_without_room_in_the_context_is_named(tiny_folder):
    long = GenerationRequest(prompt="word " * 5000, branches=(Branch(opener="", in_thought=False),))
    with (
        TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session,
        pytest.raises(UserError, match="context holds 4096"),
    ):
        session.generate([long], limits=Limits(thought_tokens=1, answer_tokens=1))
