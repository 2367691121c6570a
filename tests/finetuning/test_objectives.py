import pytest
import torch
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.data import EncodedExample, PlannedBatches
from thoughtrank.finetuning.objectives import SupervisedFineTuning

EXAMPLES = [
    EncodedExample(token_ids=tuple(range(40, 52)), first_target=7),
    EncodedExample(token_ids=(9, 8, 7, 6, 5), first_target=1),
    EncodedExample(token_ids=(200, 3, 77, 14, 90, 21, 33), first_target=6),
]


@pytest.fixture(scope="module")
def model(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)


def batch_of(examples, padding_id=1):
    [batch] = PlannedBatches(examples=examples, plan=[[list(range(len(examples)))]], padding_id=padding_id)
    return batch


def with_gradient(model, loss):
    """A loss and the gradients of all weights, as numbers that stay."""
    model.zero_grad()
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    return loss.detach(), gradients


def plain(model, batch, labels):
    return model(input_ids=batch.token_ids, attention_mask=batch.attention_mask, labels=labels).loss


def sft(model, batch):
    return with_gradient(model, SupervisedFineTuning().loss(model=model, batch=batch))


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_the_loss_is_the_plain_one_with_prompt_and_padding_left_out(model):
    batch = batch_of(EXAMPLES)
    labels = batch.token_ids.masked_fill(~batch.targets, -100)
    loss, gradients = sft(model, batch)
    expected_loss, expected_gradients = with_gradient(model, plain(model, batch, labels))
    close(loss, expected_loss)
    close(gradients, expected_gradients)


def test_learning_the_prompt_too_would_be_another_loss(model):
    batch = batch_of(EXAMPLES)
    labels = batch.token_ids.masked_fill(batch.attention_mask == 0, -100)
    assert abs(sft(model, batch)[0] - plain(model, batch, labels).detach()) > 1e-3


def test_padding_changes_neither_loss_nor_gradient(model):
    short = EXAMPLES[1]
    alone, alone_gradients = sft(model, batch_of([short]))
    for padding_id in (1, 250):
        padded = batch_of([short, EXAMPLES[0]], padding_id=padding_id)
        padded.targets[1] = False
        loss, gradients = sft(model, padded)
        close(loss, alone)
        close(gradients, alone_gradients)


def test_every_target_weighs_the_same_in_a_batch_of_different_lengths(model):
    counts = torch.tensor([len(example.token_ids) - example.first_target for example in EXAMPLES])
    alone = torch.stack([sft(model, batch_of([example]))[0] for example in EXAMPLES])
    close(sft(model, batch_of(EXAMPLES))[0], (alone * counts).sum() / counts.sum())


def test_the_loss_is_a_finite_float32_number_for_a_bfloat16_model(tiny_folder):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.bfloat16)
    loss = SupervisedFineTuning().loss(model=model, batch=batch_of(EXAMPLES))
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
