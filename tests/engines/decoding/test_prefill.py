"""Shared first tokens are read once, and every prompt is complete in the end."""

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.engines.decoding.prefill import Beginning, Opener, common_length, plan_openers, plan_prefills

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
        beginnings = prefill.beginnings or [Beginning(0, 0)] * len(prefill.indices)
        before = [there[source][:length] if length else [] for source, length in beginnings]
        assert list(map(len, before)) == prefill.copied
        read = {
            index: [*copied, *own] for index, copied, own in zip(prefill.indices, before, prefill.tokens, strict=True)
        }
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
    assert (first.indices, first.tokens, first.beginnings) == ([1], [[*instructions, 4]], None)
    assert (others.indices, others.tokens) == ([2, 0], [[5, 6], [1, 2, 3]])
    assert others.beginnings == [Beginning(source=1, tokens=40)] * 2


def test_a_prompt_that_is_there_is_taken_from_at_once():
    instructions = list(range(100, 140))
    (only,) = plan_prefills([[*instructions, 1], [*instructions, 2]], present=1)
    assert (only.indices, only.tokens, only.beginnings) == ([1], [[2]], [Beginning(source=0, tokens=40)])


def test_a_few_equal_tokens_are_read_again():
    (together,) = plan_prefills([[7, 8, 1], [7, 8, 2]], present=0)
    assert (together.indices, together.beginnings) == ([0, 1], None)


def test_equal_prompts_leave_a_token_to_read():
    prompt = list(range(30))
    assert common_length([prompt, prompt]) == 29
    assert [prefill.tokens for prefill in plan_prefills([prompt, prompt], present=0)] == [[prompt], [[29]]]


def opener(row, *, tokens, question=0, prompt=50):
    return Opener(row=row, tokens=[row] * tokens, prompt=Beginning(question, prompt))


def test_openers_of_several_questions_are_read_together():
    openers = [opener(0, tokens=40), opener(1, tokens=9, question=1, prompt=30), opener(2, tokens=38, question=1)]
    (together,) = plan_openers(openers)
    assert together.indices == [1, 2, 0]
    assert together.tokens == [[1] * 9, [2] * 38, [0] * 40]
    assert together.beginnings == [Beginning(1, 30), Beginning(1, 50), Beginning(0, 50)]
    assert together.lengths == [39, 88, 90]


openers = st.lists(st.tuples(st.integers(1, 600), st.integers(0, 5000)), min_size=1, max_size=60)


@given(openers)
def test_every_opener_is_read_once_and_little_is_padded_or_copied(lengths):
    given = [opener(row, tokens=tokens, prompt=prompt) for row, (tokens, prompt) in enumerate(lengths)]
    planned = plan_openers(given)
    read = [
        Opener(*each)
        for prefill in planned
        for each in zip(prefill.indices, prefill.tokens, prefill.beginnings, strict=True)
    ]
    assert sorted(read) == sorted(given)
    for prefill in planned:
        rows, widest = len(prefill.indices), max(map(len, prefill.tokens))
        assert rows == 1 or rows * widest <= 512
        assert rows == 1 or rows * (widest + max(prefill.copied)) <= 8 * 512
