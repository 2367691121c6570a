import pytest
import torch
from batch_plans import PADDING, PATIENT, load, plans
from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.finetuning.batching.batches import packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample


@PATIENT
@given(plans(), st.booleans())
def test_every_target_is_predicted_from_the_token_before_it(planned, packing):
    micro_batches = [micro_batch for step in planned.plan for micro_batch in step]
    batches = [batch for batch in load(planned, packing) if batch.loss_weight]
    for chosen, batch in zip(micro_batches, batches, strict=True):
        token_ids, positions = batch.token_ids.flatten(), batch.position_ids.flatten()
        found = zip(
            token_ids[batch.predictor_indices].tolist(), positions[batch.predictor_indices].tolist(), strict=True
        )
        wanted = [
            ((example.token_ids[position - 1], position - 1), example.token_ids[position])
            for example in (planned.examples[index] for index in chosen)
            for position in range(example.first_target, len(example.token_ids))
        ]
        assert list(zip(found, batch.target_ids.tolist(), strict=True)) == wanted


@PATIENT
@given(plans())
def test_a_padded_batch_holds_its_examples_row_by_row(planned):
    micro_batches = [micro_batch for step in planned.plan for micro_batch in step]
    batches = [batch for batch in load(planned) if batch.loss_weight]
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
    batch = packed_batch([*examples, other], loss_weight=1.0)
    # The prompt, what follows it, and the example by itself; the last token of each predicts nothing.
    assert batch.token_ids.tolist() == [[5, 6, 7, 10, 11, 20, 8, 9]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 4, 3, 0, 1]]
    assert batch.predictor_indices.tolist() == [2, 3, 4, 2, 5, 2, 7]
    assert batch.target_ids.tolist() == [10, 11, 12, 20, 21, 30, 4]
    assert batch.num_tokens == 8


def test_the_end_of_a_turn_is_a_target_although_padding_has_the_same_id():
    ended = EncodedExample(token_ids=(5, 6, PADDING), first_target=1)
    longer = EncodedExample(token_ids=(5, 6, 7, 8, PADDING), first_target=1)
    batch = padded_batch([ended, longer], loss_weight=1.0, padding_id=PADDING)
    assert batch.target_ids.tolist() == [6, PADDING, 6, 7, 8, PADDING]


@pytest.fixture
def copies(monkeypatch):
    """What tensors are asked for on the way to a device that is not there, and then moved to torch's device without data."""
    asked = []

    def to(tensor, device, *, non_blocking=False):
        asked.append((device.type, non_blocking))
        return torch.empty_like(tensor, device="meta")

    def pin_memory(tensor):
        assert tensor.is_contiguous()
        asked.append("pin")
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    return asked


BATCHES = pytest.mark.parametrize(
    ("make", "tensors"),
    [(packed_batch, 7), (lambda examples, **how: padded_batch(examples, padding_id=PADDING, **how), 5)],
    ids=["packed", "padded"],
)


@BATCHES
def test_no_copy_to_a_cuda_device_waits_for_it(make, tensors, copies):
    examples = [EncodedExample(token_ids=(1, 2, *rest), first_target=2) for rest in ((3, 4, 5), (6, 7))]
    pinned = make(examples, loss_weight=1.0).pinned()
    assert copies == ["pin"] * tensors  # pageable memory would be copied by the host
    copies.clear()
    moved = pinned.to(torch.device("cuda"))
    assert copies == [("cuda", True)] * tensors
    assert moved.position_ids.device.type == moved.target_ids.device.type == "meta"
    copies.clear()
    pinned.to(torch.device("mps"))
    assert copies == [("mps", False)] * tensors
