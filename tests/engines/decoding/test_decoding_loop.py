"""Branches that wait and enter late are decoded within the budget, and repeat exactly."""

import pytest
from reference_decoding import QUESTIONS, assert_equal_to_generate, requests_for

from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.thought_tags import OPEN_TAG


@pytest.mark.parametrize("token_budget", [420, 700])
def test_waiting_branches_write_the_tokens_of_generate(tiny_folder, token_budget):
    assert_equal_to_generate(
        tiny_folder,
        [*"abc", "Let", "First of all"],
        Limits(thought_tokens=30, answer_tokens=20, min_answer_tokens=1),
        token_budget=token_budget,
    )


@pytest.mark.parametrize("token_budget", [500, 900, 65536])
def test_long_openers_are_read_at_once_and_continued_as_by_generate(token_budget, tiny_folder):
    openers = [
        "a",
        "Tom had 12 apples and then bought 7 more of them at the shop. He gave",
        "First of all, let us count",
        "",
    ]
    assert_equal_to_generate(
        tiny_folder,
        openers,
        Limits(thought_tokens=20, answer_tokens=12, min_answer_tokens=1),
        token_budget=token_budget,
    )


def test_the_budget_is_never_exceeded_and_memory_is_kept(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefg"])
    most = []
    with TransformersEngine(dtype="float32", device="cpu", token_budget=900).open(tiny_folder) as session:
        cache = session.cache

        def note(*_):
            most.append((cache.reserved_tokens, cache.allocated_tokens, len(cache.keys[0])))

        for answer_tokens in (20, 60, 20):
            session.generate(requests, limits=Limits(thought_tokens=20, answer_tokens=answer_tokens), on_step=note)
    reserved, allocated, rows = (max(each) for each in zip(*most, strict=True))
    assert 450 < reserved <= allocated <= 900
    assert 2 < rows < 21


def test_branches_that_enter_late_repeat_exactly(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefg"])
    limits = Limits(thought_tokens=20, answer_tokens=10)
    engine = TransformersEngine(dtype="bfloat16", device="cpu", token_budget=500)
    with engine.open(tiny_folder) as session:
        first = session.generate(requests, limits=limits)
    with engine.open(tiny_folder) as session:
        assert session.generate(requests, limits=limits) == first


def test_steps_report_every_finished_branch_once(tiny_folder):
    finished = []
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcd"])
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        session.generate(
            requests,
            limits=Limits(thought_tokens=6, answer_tokens=5),
            on_step=lambda tokens, done: finished.append(done),
        )
    assert sum(finished) == len(QUESTIONS) * 4
