"""Gradients of many micro-batches are as exact as those of one batch."""

import contextlib
import copy

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from transformers import LlamaConfig, LlamaForCausalLM

from thoughtrank.finetuning.batching.batches import packed_batch
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.gradient_sums import GradientSums
from thoughtrank.finetuning.kernels import packed_attention
from thoughtrank.finetuning.objectives import SupervisedFineTuning

MICRO_BATCHES = 16


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(**sizes, vocab_size=256, attn_implementation=packed_attention.ATTENTION)
    return LlamaForCausalLM(config).to(torch.bfloat16).train()


@pytest.fixture(scope="module")
def examples():
    generator = torch.Generator().manual_seed(1)
    # Few words, as in text: their gradients have the same sign in every micro-batch.
    rows = torch.randint(0, 8, (MICRO_BATCHES, 40), generator=generator)
    return [EncodedExample(token_ids=tuple(row.tolist()), first_target=1, question_id="q") for row in rows]


def backward(model, batches):
    for batch in batches:
        (SupervisedFineTuning().loss(model=model, batch=batch) * batch.loss_weight).backward()


def in_parts(examples):
    return [packed_batch([example], loss_weight=1 / len(examples)) for example in examples]


def test_sixteen_micro_batches_are_about_as_exact_as_one_batch(model, examples):
    exact, one, many, in_bf16 = (copy.deepcopy(model) for _ in range(4))
    batch = packed_batch(examples, loss_weight=1.0)
    backward(exact.float(), [batch])
    backward(one, [batch])
    sums = GradientSums(many.parameters())
    *earlier, last = in_parts(examples)
    backward(many, earlier)
    assert all(parameter.grad is None for parameter in many.parameters())
    sums.in_last = True
    backward(many, [last])
    assert {parameter.grad.dtype for parameter in many.parameters()} == {torch.bfloat16}
    backward(in_bf16, in_parts(examples))

    def error(found):
        gradient, wanted = found.lm_head.weight.grad.float(), exact.lm_head.weight.grad
        return float((gradient - wanted).norm() / wanted.norm())

    assert error(many) < 1.2 * error(one)
    assert error(in_bf16) > 1.4 * error(one)


def test_a_step_whose_last_micro_batches_have_nothing_to_compute_is_completed(model, examples):
    whole, cut = copy.deepcopy(model), copy.deepcopy(model)
    for each, in_last in ((whole, True), (cut, False)):
        sums = GradientSums(each.parameters())
        *earlier, last = in_parts(examples[:3])
        backward(each, earlier)
        sums.in_last = in_last
        backward(each, [last])
        sums.finish()
    for found, expected in zip(cut.parameters(), whole.parameters(), strict=True):
        assert torch.equal(found.grad, expected.grad)


def test_the_next_step_begins_at_zero(model, examples):
    model = copy.deepcopy(model)
    sums = GradientSums(model.parameters())
    gradients = []
    for _ in range(2):
        for number, batch in enumerate(in_parts(examples[:2])):
            sums.in_last = number == 1
            backward(model, [batch])
        sums.finish()
        gradients.append([parameter.grad for parameter in model.parameters()])
        model.zero_grad()
    assert all(torch.equal(first, second) for first, second in zip(*gradients, strict=True))


def test_ddp_averages_the_rounded_sums(model, examples):
    alone, wrapped = copy.deepcopy(model), copy.deepcopy(model)
    batches = in_parts(examples[:4])
    sums = GradientSums(alone.parameters())
    backward(alone, batches)
    sums.finish()
    sums = GradientSums(wrapped.parameters())
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        ddp = DistributedDataParallel(Loss(wrapped), gradient_as_bucket_view=True)
        for _ in range(2):  # in the second step DDP has ordered its buckets by the first one
            for number, batch in enumerate(batches):
                sums.in_last = number == len(batches) - 1
                with contextlib.nullcontext() if sums.in_last else ddp.no_sync():
                    ddp(batch).backward()
            gradients = [parameter.grad.clone() for parameter in wrapped.parameters()]
            wrapped.zero_grad()
            for found, parameter in zip(gradients, alone.parameters(), strict=True):
                assert torch.equal(found, parameter.grad)
    finally:
        dist.destroy_process_group()


class Loss(nn.Module):
    """Its forward pass is the loss, as DDP wants it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        return SupervisedFineTuning().loss(model=self.model, batch=batch) * batch.loss_weight
