from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from thoughtrank.chat import Chat
from thoughtrank.finetuning.data import EncodedExample, PlannedBatches, encode_example, plan_batches
from thoughtrank.thoughts import reply

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PADDING = 1


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return AutoTokenizer.from_pretrained(tiny_folder)


def example_of(length, first_target, start=2):
    return EncodedExample(token_ids=tuple(range(start, start + length)), first_target=first_target)


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


def loader(planned, **place):
    return PlannedBatches(examples=planned.examples, plan=planned.plan, padding_id=PADDING, **place)


def same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in ("token_ids", "attention_mask", "targets")
    )


# One example.


@settings(PATIENT, max_examples=60)
@given(question=st.text(), thought=st.text(), answer=st.text())
def test_the_targets_are_exactly_the_completion(tokenizer, question, thought, answer):
    chat = Chat(tokenizer)
    prompt, completion = chat.prompt(question), reply(thought=thought, answer=answer) + chat.end_of_turn
    encoded = encode_example(prompt=prompt, completion=completion, tokenizer=tokenizer)
    assert tokenizer.decode(encoded.token_ids[: encoded.first_target]) == prompt
    assert tokenizer.decode(encoded.token_ids[encoded.first_target :]) == completion


def test_the_end_of_the_turn_is_the_last_target(tokenizer):
    chat = Chat(tokenizer)
    completion = reply(thought="a", answer="7") + chat.end_of_turn
    encoded = encode_example(prompt=chat.prompt("Why?"), completion=completion, tokenizer=tokenizer)
    assert encoded.token_ids[-1] == tokenizer.eos_token_id
    assert encoded.token_ids.count(tokenizer.eos_token_id) == 2  # the other one ends the question


@settings(PATIENT, max_examples=60)
@given(
    text=st.text(st.characters(exclude_characters="\ufffd"), min_size=1) | st.just("How many apples?"), data=st.data()
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
def test_examples_of_a_step_are_sorted_by_length(planned):
    for step in planned.plan:
        lengths = [len(planned.examples[index].token_ids) for micro_batch in step for index in micro_batch]
        assert lengths == sorted(lengths)


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
        tokens = [int(batch.targets.sum()) for batch in of_step]
        assert [batch.share for batch in of_step] == pytest.approx([count / sum(tokens) for count in tokens])
    assert next(batches, None) is None


@PATIENT
@given(plans())
def test_a_batch_holds_its_examples_and_padding_is_never_a_target(planned):
    micro_batches = [micro_batch for step in planned.plan for micro_batch in step]
    batches = [batch for batch in loader(planned) if batch.share]
    for chosen, batch in zip(micro_batches, batches, strict=True):
        examples = [planned.examples[index] for index in chosen]
        longest = max(len(example.token_ids) for example in examples)
        assert batch.token_ids.shape == batch.attention_mask.shape == batch.targets.shape == (len(examples), longest)
        for row, example in enumerate(examples):
            size = len(example.token_ids)
            assert batch.token_ids[row].tolist() == list(example.token_ids) + [PADDING] * (longest - size)
            assert batch.attention_mask[row].tolist() == [1] * size + [0] * (longest - size)
            wanted = [example.first_target <= place < size for place in range(longest)]
            assert batch.targets[row].tolist() == wanted


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
    [batch] = PlannedBatches(examples=[ended, longer], plan=[[[0, 1]]], padding_id=PADDING)
    assert batch.targets[0].tolist() == [False, True, True, False, False]


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
