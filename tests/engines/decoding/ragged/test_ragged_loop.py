"""The loop over regions writes what ``model.generate`` writes, whatever is paused, moved and read again."""

import pytest
from reference_decoding import assert_equal_to_generate, requests_for

from thoughtrank.engines.decoding.ragged import ragged_loop
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import OPEN_TAG


@pytest.fixture(autouse=True)
def regions(monkeypatch):
    """Decodes over regions on the CPU, with attention by its definition; counts the branches that are paused."""
    counts = {"paused": 0, "moves": 0}
    grow = ragged_loop.GrowingScheduler.grow

    def counted(self):
        growth = grow(self)
        counts["paused"] += len(growth.paused)
        counts["moves"] += len(growth.moves)
        return growth

    monkeypatch.setattr("thoughtrank.engines.decoding.session.has_flash_attention", lambda cache: True)
    monkeypatch.setattr(ragged_loop.GrowingScheduler, "grow", counted)
    return counts


def test_branches_write_the_tokens_of_generate(tiny_folder):
    for token_budget in (640, 65536):
        written = assert_equal_to_generate(
            tiny_folder,
            [*"abc", "Let", "First of all"],
            Limits(thought_tokens=70, answer_tokens=40, min_answer_tokens=1),
            token_budget=token_budget,
        )
        assert {each.thought_finish for each in written} >= {"length"}


def test_paused_branches_go_on_where_they_stopped(tiny_folder, regions):
    assert_equal_to_generate(
        tiny_folder,
        [*"abc", "Let", "Tom had 12 apples and then bought 7 more of them at the shop. He gave"],
        Limits(thought_tokens=90, answer_tokens=60, min_answer_tokens=1),
        token_budget=896,
    )
    assert regions["paused"]


def test_a_group_repeats_exactly_and_reports_every_branch_once(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefg"])
    limits, finished = Limits(thought_tokens=70, answer_tokens=30), []
    engine = TransformersEngine(dtype="bfloat16", device="cpu", token_budget=1024)
    with engine.open(tiny_folder) as session:
        first = session.generate(requests, limits=limits, on_step=lambda _, done: finished.append(done))
        assert session.generate(requests, limits=limits) == first
    assert sum(finished) == 21


def test_ranks_samples_and_minimal_lengths_are_those_of_the_loop_over_columns(tiny_folder, monkeypatch):
    prompt = ChatTemplate.from_folder(tiny_folder).prompt("How many legs do 6 spiders have?")
    branches = (
        *(Branch(opener=OPEN_TAG, in_thought=True, first_choice=rank) for rank in range(4)),
        *(
            Branch(opener=OPEN_TAG, in_thought=True, temperature=1.0, answer_temperature=0.7, seed=seed)
            for seed in range(10, 14)
        ),
        Branch(opener="", in_thought=False),
    )
    limits = Limits(thought_tokens=20, answer_tokens=12, min_answer_tokens=8)
    engine = TransformersEngine(dtype="float32", device="cpu")
    with engine.open(tiny_folder) as session:
        written = session.generate([GenerationRequest(prompt, branches)], limits=limits)
    monkeypatch.setattr("thoughtrank.engines.decoding.session.has_flash_attention", lambda cache: False)
    with engine.open(tiny_folder) as session:
        assert session.generate([GenerationRequest(prompt, branches)], limits=limits) == written
    assert all(8 <= len(each.answer_ids) <= 12 for each in written[0])


def test_a_branch_without_a_token_to_write_ends_at_once(tiny_folder):
    prompt = ChatTemplate.from_folder(tiny_folder).prompt("What is 3 + 4?")
    branches = (Branch(opener="Yes", in_thought=False), Branch(opener=OPEN_TAG, in_thought=True))
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        [[first, second]] = session.generate([GenerationRequest(prompt, branches)], limits=Limits(5, 0))
    assert (first.answer_ids, first.answer_finish) == ((), "length")
    assert second.thought_tokens <= 5
