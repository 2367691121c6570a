import threading

import pytest
from batch_plans import PATIENT, load, plans, same
from hypothesis import given, settings
from hypothesis import strategies as st

from thoughtrank.finetuning.batching import batch_loader
from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.batching.batches import Batch, packed_batch
from thoughtrank.finetuning.batching.examples import EncodedExample


@PATIENT
@given(plans())
def test_the_loss_weights_of_a_step_are_fractions_of_its_target_tokens(planned):
    batches = (batch for batch in load(planned) if batch.loss_weight)
    for step in planned.plan:
        of_step = [next(batches) for _ in step]
        assert sum(batch.loss_weight for batch in of_step) == pytest.approx(1)
        tokens = [len(batch.target_ids) for batch in of_step]
        assert [batch.loss_weight for batch in of_step] == pytest.approx([count / sum(tokens) for count in tokens])
    assert next(batches, None) is None


@PATIENT
@given(plans(), st.integers(1, 5))
def test_the_shards_of_all_ranks_are_together_the_steps_of_one_rank(planned, world_size):
    single, parts = load(planned), [load(planned, rank=rank, world_size=world_size) for rank in range(world_size)]
    counts = {(len(part), part.accumulation) for part in parts}
    assert len(counts) == 1, "ranks that synchronize gradients need equally many micro-batches"
    [(total, accumulation)] = counts
    assert total == accumulation * len(planned.plan)
    sharded = [list(part) for part in parts]
    whole = list(single)
    for step in range(len(planned.plan)):
        together = [batch for part in sharded for batch in part[step * accumulation : (step + 1) * accumulation]]
        expected = whole[step * single.accumulation : (step + 1) * single.accumulation]
        assert contents(together) == contents(expected)


def contents(batches):
    """Token ids and loss weights of the micro-batches with a weight, sorted."""
    return sorted((batch.token_ids.tolist(), batch.loss_weight) for batch in batches if batch.loss_weight)


@PATIENT
@given(plans(), st.data())
def test_training_resumes_exactly_after_a_step(planned, data):
    whole = list(load(planned))
    done = data.draw(st.integers(0, len(planned.plan)))
    resumed = load(planned)
    resumed.skip_steps(done)
    rest = list(resumed)
    left_out = done * resumed.accumulation
    assert len(rest) == len(whole) - left_out
    assert all(same(*pair) for pair in zip(rest, whole[left_out:], strict=True))


@settings(PATIENT, max_examples=20)
@given(plans())
def test_a_second_iteration_starts_from_the_beginning(planned):
    batches = load(planned)
    first, second = list(batches), list(batches)
    assert len(first) == len(second)
    assert all(same(*pair) for pair in zip(first, second, strict=True))


def test_a_missing_micro_batch_costs_two_tokens():
    long = [EncodedExample(token_ids=tuple(range(number, number + 50)), first_target=40) for number in range(3)]
    loader = BatchLoader(examples=long, plan=[[[0], [1], [2]]], padding_id=0, rank=1, world_size=2)
    assert [(batch.num_tokens, bool(batch.loss_weight)) for batch in loader] == [(49, True), (1, False)]


@settings(PATIENT, max_examples=20)
@given(plans())
def test_prefetched_micro_batches_are_the_same(planned):
    expected = list(load(planned))
    for often in (0, 1, 2):
        loader, found = load(planned, prefetch=True), []
        for batch in loader:
            found.append(batch)
            for _ in range(often):
                loader.prepare_next()
        assert all(same(*pair) for pair in zip(found, expected, strict=True))


def test_prefetching_is_one_micro_batch_ahead_and_ends_with_the_training(monkeypatch):
    prepared = []

    def prepare(examples, **how):
        prepared.append(examples[0].question_id)
        return packed_batch(examples, **how)

    monkeypatch.setattr(batch_loader, "packed_batch", prepare)
    examples = [EncodedExample((1, 2, 3), first_target=1, question_id=f"q{number}") for number in range(9)]
    loader = BatchLoader(examples=examples, plan=[[[number]] for number in range(9)], padding_id=0, prefetch=True)
    batches = iter(loader)
    loader.prepare_next()
    assert next(batches).question_ids == ("q0",)
    assert prepared == ["q0"]
    loader.prepare_next()
    assert next(batches).question_ids == ("q1",)
    loader.prepare_next()
    assert next(batches).question_ids == ("q2",)
    batches.close()
    loader.prepare_next()
    assert prepared == ["q0", "q1", "q2"]
    assert not [each for each in threading.enumerate() if each.name.startswith("batches")]


@pytest.mark.parametrize("prefetch", [False, True])
def test_every_micro_batch_for_cuda_is_pinned_in_the_thread_that_prepares_it(prefetch, monkeypatch):
    threads = []

    def pinned(batch):
        threads.append(threading.current_thread() is threading.main_thread())
        return batch

    monkeypatch.setattr(Batch, "pinned", pinned)
    examples = [EncodedExample((1, 2, 3), first_target=1, question_id=f"q{number}") for number in range(3)]
    plan = [[[0]], [[1]], [[2]]]
    loader = BatchLoader(examples=examples, plan=plan, padding_id=0, prefetch=prefetch, pin=True)
    for _ in loader:
        loader.prepare_next()
    assert threads == [True, not prefetch, not prefetch]
