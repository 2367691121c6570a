from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.examples import (
    EncodedExample,
    PlannedBatches,
    encode_example,
    epochs_for,
    plan_batches,
    read_examples,
)
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import reply
from thoughtrank.records import Example
from thoughtrank.storage.tables import write_part

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PADDING = 1


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


def example_of(length, first_target, start=2):
    return EncodedExample(token_ids=tuple(range(start, start + length)), first_target=first_target)


@given(st.integers(1, 200), st.integers(1, 5), st.integers(0, 40), st.integers(1, 16))
def test_few_examples_are_passed_over_often_enough_for_the_steps_asked_for(count, epochs, min_steps, batch_size):
    needed = epochs_for(count, epochs=epochs, min_steps=min_steps, batch_size=batch_size)
    examples = [example_of(4, 2)] * count
    steps = plan_batches(examples, epochs=needed, batch_size=batch_size, micro_batch_size=batch_size, seed=0)
    assert needed >= epochs
    assert len(steps) >= min_steps
    assert needed == epochs or (needed - 1) * count < min_steps * batch_size, "not one pass more than needed"


@st.composite
def plans(draw):
    """Examples of different lengths, and the arguments of a plan over them."""
    examples = []
    for number in range(draw(st.integers(1, 12))):
        length = draw(st.integers(2, 9))
        examples.append(example_of(length, draw(st.integers(1, length - 1)), start=100 * (number + 1)))
    arguments = {
        "epochs": draw(st.integers(1, 3)),
        "batch_size": draw(st.integers(1, 6)),
        "micro_batch_size": draw(st.integers(1, 6)),
        "seed": draw(st.integers(0, 99)),
    }
    return SimpleNamespace(
        examples=examples, plan=plan_batches(examples, **arguments), arguments=arguments, **arguments
    )


def loader(planned, packing=False, **place):
    return PlannedBatches(examples=planned.examples, plan=planned.plan, padding_id=PADDING, packing=packing, **place)


def same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("token_ids", "position_ids", "predictors", "target_ids")
    )


# One example.


@settings(PATIENT, max_examples=60)
@given(question=st.text(), thought=st.text(), answer=st.text())
def test_the_targets_are_exactly_the_completion(tokenizer, question, thought, answer):
    chat = ChatTemplate(tokenizer)
    prompt, completion = chat.prompt(question), reply(thought=thought, answer=answer) + chat.end_of_turn
    encoded = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    assert tokenizer.decode(encoded.token_ids[: encoded.first_target]) == prompt
    assert tokenizer.decode(encoded.token_ids[encoded.first_target :]) == completion


def test_the_end_of_the_turn_is_the_last_target(tokenizer):
    chat = ChatTemplate(tokenizer)
    completion = reply(thought="a", answer="7") + chat.end_of_turn
    encoded = encode_example(prompt=chat.prompt("Why?"), completion=completion, tokenizer=tokenizer)
    assert encoded.token_ids[-1] == tokenizer.eos_token_id
    assert encoded.token_ids.count(tokenizer.eos_token_id) == 2  # the other one ends the question


@settings(PATIENT, max_examples=60)
@given(
    text=st.text(st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"]), min_size=1)
    | st.just("How many apples?"),
    data=st.data(),
)
def test_a_token_is_a_target_exactly_when_any_of_its_text_belongs_to_the_completion(tokenizer, text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    prompt, completion = text[:place], text[place:]
    encoded = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    assert prompt.startswith(tokenizer.decode(encoded.token_ids[: encoded.first_target]))
    assert tokenizer.decode(encoded.token_ids[encoded.first_target :]).endswith(completion)
    assert not tokenizer.decode(encoded.token_ids[encoded.first_target + 1 :]).endswith(completion)


def test_the_text_is_split_as_the_model_itself_would_read_it(tokenizer):
    encoded = encode_example(prompt="How many app", completion="les does he have", tokenizer=tokenizer)
    assert list(encoded.token_ids) == tokenizer("How many apples does he have")["input_ids"]


def table(folder, *completions):
    folder.mkdir()
    rows = [
        Example(question_id=f"q{number}", candidate_id=f"q{number}-000", prompt="How many?", completion=completion)
        for number, completion in enumerate(completions)
    ]
    write_part(folder / "part-00000.parquet", rows, record_type=Example)
    return str(folder)


def test_an_example_longer_than_the_context_is_left_out_and_named(tokenizer, tmp_path):
    examples = read_examples([table(tmp_path / "t", "7", "7 " * 200)], tokenizer=tokenizer, context=100)
    assert [example.question_id for example in examples.used] == ["q0"]
    assert examples.too_long == ["q1-000"]


@pytest.mark.parametrize(
    ("completions", "clue"), [(("7 " * 200,), "q0-000"), ((), "nothing to train on"), (("7", ""), "q1-000")]
)
def test_examples_that_leave_nothing_to_learn_are_told(tokenizer, tmp_path, completions, clue):
    with pytest.raises(UserError, match=clue):
        read_examples([table(tmp_path / "t", *completions)], tokenizer=tokenizer, context=100)


# The plan.


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
def test_examples_with_one_prompt_stand_together(questions, micro_batch_size, seed):
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


# The batches.


@PATIENT
@given(plans())
def test_the_shares_of_a_step_are_its_tokens_and_sum_to_one(planned):
    batches = (batch for batch in loader(planned) if batch.share)
    for step in planned.plan:
        of_step = [next(batches) for _ in step]
        assert sum(batch.share for batch in of_step) == pytest.approx(1)
        tokens = [len(batch.target_ids) for batch in of_step]
        assert [batch.share for batch in of_step] == pytest.approx([count / sum(tokens) for count in tokens])
    assert next(batches, None) is None


@PATIENT
@given(plans(), st.booleans())
def test_every_target_is_predicted_from_the_token_before_it(planned, packing):
    micro_batches = [micro_batch for step in planned.plan for micro_batch in step]
    batches = [batch for batch in loader(planned, packing) if batch.share]
    for chosen, batch in zip(micro_batches, batches, strict=True):
        token_ids, positions = batch.token_ids.flatten(), batch.position_ids.flatten()
        found = zip(token_ids[batch.predictors].tolist(), positions[batch.predictors].tolist(), strict=True)
        wanted = [
            ((example.token_ids[place - 1], place - 1), example.token_ids[place])
            for example in (planned.examples[index] for index in chosen)
            for place in range(example.first_target, len(example.token_ids))
        ]
        assert list(zip(found, batch.target_ids.tolist(), strict=True)) == wanted


@PATIENT
@given(plans())
def test_a_padded_batch_holds_its_examples_row_by_row(planned):
    micro_batches = [micro_batch for step in planned.plan for micro_batch in step]
    batches = [batch for batch in loader(planned) if batch.share]
    for chosen, batch in zip(micro_batches, batches, strict=True):
        examples = [planned.examples[index] for index in chosen]
        longest = max(len(example.token_ids) for example in examples)
        assert batch.token_ids.shape == batch.attention_mask.shape == (len(examples), longest)
        for row, example in enumerate(examples):
            size = len(example.token_ids)
            assert batch.token_ids[row].tolist() == list(example.token_ids) + [PADDING] * (longest - size)
            assert batch.attention_mask[row].tolist() == [1] * size + [0] * (longest - size)


def test_a_packed_batch_has_no_padding_and_a_shared_prompt_once():
    prompt = (5, 6, 7)
    examples = [EncodedExample(token_ids=(*prompt, *end), first_target=3) for end in ((10, 11, 12), (20, 21), (30,))]
    other = EncodedExample(token_ids=(8, 9, 4), first_target=2)
    [batch] = PlannedBatches(examples=[*examples, other], plan=[[[0, 1, 2, 3]]], padding_id=PADDING)
    # The prompt, the example by itself, and what follows the prompt; the last token of each predicts nothing.
    assert batch.token_ids.tolist() == [[5, 6, 7, 8, 9, 10, 11, 20]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 1, 3, 4, 3]]
    assert batch.predictors.tolist() == [2, 5, 6, 2, 7, 2, 4]
    assert batch.target_ids.tolist() == [10, 11, 12, 20, 21, 30, 4]
    assert batch.num_tokens == 8


@PATIENT
@given(plans(), st.integers(1, 5))
def test_the_parts_of_all_ranks_are_together_the_steps_of_one(planned, world_size):
    alone, parts = loader(planned), [loader(planned, rank=rank, world_size=world_size) for rank in range(world_size)]
    counts = {(len(part), part.accumulation) for part in parts}
    assert len(counts) == 1, "ranks that work in step need equally many micro-batches"
    [(total, accumulation)] = counts
    assert total == accumulation * len(planned.plan)
    dealt = [list(part) for part in parts]
    whole = list(alone)
    for step in range(len(planned.plan)):
        together = [batch for part in dealt for batch in part[step * accumulation : (step + 1) * accumulation]]
        expected = whole[step * alone.accumulation : (step + 1) * alone.accumulation]
        assert contents(together) == contents(expected)


def contents(batches):
    """Token ids and shares of the micro-batches that count, in some fixed order."""
    return sorted((batch.token_ids.tolist(), batch.share) for batch in batches if batch.share)


def test_the_end_of_a_turn_is_a_target_although_padding_has_the_same_id():
    ended = EncodedExample(token_ids=(5, 6, PADDING), first_target=1)
    longer = EncodedExample(token_ids=(5, 6, 7, 8, PADDING), first_target=1)
    [batch] = PlannedBatches(examples=[ended, longer], plan=[[[0, 1]]], padding_id=PADDING, packing=False)
    assert batch.target_ids.tolist() == [6, PADDING, 6, 7, 8, PADDING]


@PATIENT
@given(plans(), st.data())
def test_training_goes_on_exactly_behind_a_step(planned, data):
    whole = list(loader(planned))
    done = data.draw(st.integers(0, len(planned.plan)))
    resumed = loader(planned)
    resumed.go_on_behind_step(done)
    rest = list(resumed)
    left_out = done * resumed.accumulation
    assert len(rest) == len(whole) - left_out
    assert all(same(*pair) for pair in zip(rest, whole[left_out:], strict=True))


@settings(PATIENT, max_examples=20)
@given(plans())
def test_a_finished_pass_begins_again_from_the_start(planned):
    batches = loader(planned)
    first, second = list(batches), list(batches)
    assert len(first) == len(second)
    assert all(same(*pair) for pair in zip(first, second, strict=True))
