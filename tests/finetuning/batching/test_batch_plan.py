from collections import Counter
from itertools import pairwise

import pytest
from batch_plans import PADDING, PATIENT, example_of, plans
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.batch_plan import MicroBatchLimits, epochs_for, plan_batches
from thoughtrank.finetuning.batching.batches import packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample


@given(st.integers(1, 200), st.integers(1, 5), st.integers(0, 40), st.integers(1, 16))
def test_small_datasets_are_repeated_until_min_steps(count, epochs, min_steps, batch_size):
    needed = epochs_for(count, epochs=epochs, min_steps=min_steps, batch_size=batch_size)
    examples = [example_of(4, 2)] * count
    limits = MicroBatchLimits(examples=batch_size)
    steps = plan_batches(examples, epochs=needed, batch_size=batch_size, limits=limits, seed=0)
    assert needed >= epochs
    assert len(steps) >= min_steps
    assert needed == epochs or (needed - 1) * count < min_steps * batch_size, "not one epoch more than needed"


@PATIENT
@given(plans())
def test_each_epoch_visits_every_example_once(planned):
    visits, seen = Counter(), 0
    for step in planned.plan:
        for micro_batch in step:
            visits.update(micro_batch)
        seen += sum(len(micro_batch) for micro_batch in step)
        whole_epochs = seen // len(planned.examples)
        assert all(visits[index] in (whole_epochs, whole_epochs + 1) for index in range(len(planned.examples)))
    assert visits == dict.fromkeys(range(len(planned.examples)), planned.epochs)


@PATIENT
@given(plans())
def test_only_the_last_step_may_be_smaller_and_only_the_last_micro_batch_of_a_step(planned):
    sizes = [sum(len(micro_batch) for micro_batch in step) for step in planned.plan]
    assert all(size == planned.batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= planned.batch_size
    for step in planned.plan:
        micro_sizes = [len(micro_batch) for micro_batch in step]
        assert all(size == planned.limits.examples for size in micro_sizes[:-1])
        assert 1 <= micro_sizes[-1] <= planned.limits.examples


@PATIENT
@given(plans())
def test_examples_of_a_step_are_sorted_by_length_where_each_has_a_prompt_of_its_own(planned):
    for step in planned.plan:
        indices = [index for micro_batch in step for index in micro_batch]
        if len({planned.examples[index].prompt for index in indices}) == len(indices):
            lengths = [len(planned.examples[index].token_ids) for index in indices]
            assert lengths == sorted(lengths)


@PATIENT
@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.integers(1, 5), st.integers(0, 9))
def test_examples_with_one_prompt_are_adjacent(questions, size, seed):
    examples = [
        EncodedExample(token_ids=(question, *range(9, 11 + number)), first_target=1)
        for number, question in enumerate(questions)
    ]
    arguments = {"epochs": 2, "limits": MicroBatchLimits(examples=size), "seed": seed}
    [step, *_] = plan_batches(examples, batch_size=len(examples), **arguments)
    order = [questions[index] for micro_batch in step for index in micro_batch]
    assert len([1 for before, after in pairwise(order) if before != after]) == len(set(questions)) - 1
    steps = plan_batches(examples, batch_size=1, shuffle="questions", **arguments)[: len(examples)]
    order = [questions[index] for [[index]] in steps]
    assert len([1 for before, after in pairwise(order) if before != after]) == len(set(questions)) - 1


@PATIENT
@given(plans())
def test_the_same_arguments_give_the_same_plan(planned):
    assert plan_batches(planned.examples, **planned.arguments) == planned.plan


def test_another_seed_and_another_epoch_have_another_order():
    examples = [example_of(4, 1)] * 50
    arguments = {"epochs": 2, "batch_size": 50, "limits": MicroBatchLimits(examples=50)}
    [[first], [second]] = plan_batches(examples, **arguments, seed=0)
    assert first != second
    assert plan_batches(examples, **arguments, seed=1) != [[first], [second]]


@st.composite
def shared_prompts(draw):
    """Examples of which some share a prompt, in the order of the plan."""
    prompts = draw(st.lists(st.lists(st.integers(5, 7), max_size=4).map(tuple), min_size=1, max_size=3))
    completions = draw(st.lists(st.tuples(st.sampled_from(prompts), st.integers(1, 9)), min_size=1, max_size=12))
    return [
        EncodedExample(token_ids=(*prompt, 1, *range(10, 10 + length)), first_target=len(prompt))
        for prompt, length in completions
    ]


def cut(examples, **limits):
    """The micro-batches of one step with all examples."""
    [step] = plan_batches(
        examples, epochs=1, batch_size=len(examples), limits=MicroBatchLimits(examples=99, **limits), seed=0
    )
    return [[examples[index] for index in micro_batch] for micro_batch in step]


def computed(examples, packing):
    """Positions that the model computes."""
    if packing:
        return packed_batch(examples, loss_weight=1.0).token_ids.numel()
    return padded_batch(examples, loss_weight=1.0, padding_id=PADDING).token_ids.numel()


@PATIENT
@given(shared_prompts(), st.integers(1, 40), st.integers(1, 3), st.booleans())
def test_a_micro_batch_exceeds_the_limit_of_tokens_only_by_an_example_of_its_own(examples, tokens, ranks, packing):
    parts = cut(examples, tokens=tokens, ranks=ranks, packing=packing)
    assert sorted(each.token_ids for part in parts for each in part) == sorted(each.token_ids for each in examples)
    assert all(len(part) == 1 or computed(part, packing) <= tokens for part in parts)
    # Neighbours would not fit into one, unless another rank needs a micro-batch.
    if ranks == 1 and len(parts) == 2:
        assert computed([*parts[0], *parts[1]], packing) > tokens


def test_micro_batches_of_a_step_are_about_equally_long_and_equally_many_for_every_rank():
    examples = [example_of(11, 5, start=100 * number) for number in range(6)]
    assert [len(part) for part in cut(examples, tokens=50)] == [3, 3]
    assert [len(part) for part in cut(examples, tokens=60)] == [6]
    assert [len(part) for part in cut(examples, tokens=60, ranks=2)] == [3, 3]
    assert [len(part) for part in cut(examples, tokens=20, ranks=4)] == [2, 2, 2]
    assert [len(part) for part in cut(examples, tokens=33, packing=False)] == [3, 3]


@pytest.mark.parametrize("tokens", [1, 10])
def test_an_example_longer_than_the_limit_is_a_micro_batch_by_itself(tokens):
    long, short = example_of(30, 5, start=100), [example_of(5, 2, start=200), example_of(5, 2, start=300)]
    parts = cut([long, *short], tokens=tokens)
    assert [long] in parts
    assert len(parts) == (3 if tokens == 1 else 2)
