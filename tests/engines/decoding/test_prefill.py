"""Shared first tokens are read once, and every prompt is complete in the end."""

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.prefill import common_length, plan_prefills

tokens = st.lists(st.integers(0, 3), min_size=1, max_size=300)


@st.composite
def prompts_with_a_beginning(draw):
    beginning = draw(st.lists(st.integers(0, 3), max_size=40))
    prompts = [beginning + rest for rest in draw(st.lists(tokens, min_size=1, max_size=8))]
    return prompts, draw(st.integers(0, len(prompts) - 1))


@given(prompts_with_a_beginning())
def test_every_prompt_is_read_once_behind_tokens_that_are_there(case):
    prompts, present = case
    there = {index: prompts[index] for index in range(present)}
    for prefill in plan_prefills(prompts, present=present):
        before = there[prefill.source][: prefill.shared] if prefill.shared else []
        assert len(before) == prefill.shared
        read = {index: [*before, *own] for index, own in zip(prefill.indices, prefill.tokens, strict=True)}
        assert prefill.lengths == [len(prompts[index]) for index in prefill.indices]
        assert all(prefill.tokens)
        assert not read.keys() & there.keys()
        padded = len(prefill.indices) * max(map(len, prefill.tokens))
        assert padded <= 512 or len(prefill.indices) == 1
        there |= read
    assert there == dict(enumerate(prompts))


def test_a_common_beginning_is_read_with_the_shortest_prompt_only():
    instructions = list(range(100, 140))
    prompts = [[*instructions, 1, 2, 3], [*instructions, 4], [*instructions, 5, 6]]
    first, others = plan_prefills(prompts, present=0)
    assert (first.indices, first.tokens, first.shared) == ([1], [[*instructions, 4]], 0)
    assert (others.indices, others.tokens) == ([2, 0], [[5, 6], [1, 2, 3]])
    assert (others.shared, others.source) == (40, 1)


def test_a_prompt_that_is_there_is_taken_from_at_once():
    instructions = list(range(100, 140))
    (only,) = plan_prefills([[*instructions, 1], [*instructions, 2]], present=1)
    assert (only.indices, only.tokens, only.shared, only.source) == ([1], [[2]], 40, 0)


def test_a_few_equal_tokens_are_read_again():
    (together,) = plan_prefills([[7, 8, 1], [7, 8, 2]], present=0)
    assert (together.indices, together.shared) == ([0, 1], 0)


def test_equal_prompts_leave_a_token_to_read():
    prompt = list(range(30))
    assert common_length([prompt, prompt]) == 29
    assert [prefill.tokens for prefill in plan_prefills([prompt, prompt], present=0)] == [[prompt], [[29]]]
