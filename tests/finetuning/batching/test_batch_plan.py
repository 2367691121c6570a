from collections import Counter
from itertools import pairwise

from batch_plans import PATIENT, example_of, plans
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.batch_plan import epochs_for, plan_batches
from thoughtrank.finetuning.batching.examples import EncodedExample


@given(st.integers(1, 200), st.integers(1, 5), st.integers(0, 40), st.integers(1, 16))
def test_small_datasets_are_repeated_until_min_steps(count, epochs, min_steps, batch_size):
    needed = epochs_for(count, epochs=epochs, min_steps=min_steps, batch_size=batch_size)
    examples = [example_of(4, 2)] * count
    steps = plan_batches(examples, epochs=needed, batch_size=batch_size, micro_batch_size=batch_size, seed=0)
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
        assert all(size == planned.micro_batch_size for size in micro_sizes[:-1])
        assert 1 <= micro_sizes[-1] <= planned.micro_batch_size


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
def test_examples_with_one_prompt_are_adjacent(questions, micro_batch_size, seed):
    examples = [
        EncodedExample(token_ids=(question, *range(9, 11 + number)), first_target=1)
        for number, question in enumerate(questions)
    ]
    arguments = {"epochs": 2, "micro_batch_size": micro_batch_size, "seed": seed}
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
    arguments = {"epochs": 2, "batch_size": 50, "micro_batch_size": 50}
    [[first], [second]] = plan_batches(examples, **arguments, seed=0)
    assert first != second
    assert plan_batches(examples, **arguments, seed=1) != [[first], [second]]
