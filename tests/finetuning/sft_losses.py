"""Losses and gradients of small models on the same examples, computed in different ways."""

import random

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from thoughtrank.finetuning.batching.batches import Batch, packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.kernels.packed_attention import ATTENTION
from thoughtrank.finetuning.objectives import SupervisedFineTuning


def examples_of(*, completions_of_prompts, beginning=()):
    """Random examples, given the lengths of each prompt's completions, and what all prompts begin with."""
    generator = random.Random(0)
    tokens = [(*beginning, *(generator.randrange(300) for _ in range(5 + 4 * number))) for number in range(9)]
    return [
        EncodedExample(
            token_ids=(*prompt, *(generator.randrange(300) for _ in range(length))), first_target=len(prompt)
        )
        for prompt, lengths in zip(tokens, completions_of_prompts, strict=False)
        for length in lengths
    ]


DISTINCT = examples_of(completions_of_prompts=((7,), (1,), (12,), (3,)))
SHARED = examples_of(completions_of_prompts=((5, 1, 8), (3,), (7, 7), (1, 1), (30, 2)))

SYSTEM_PROMPT = examples_of(completions_of_prompts=((5, 1, 8), (3,), (7, 7), (1, 1), (30,)), beginning=range(20, 32))


def qwen2(**changes):
    torch.manual_seed(0)
    config = Qwen2Config(
        **{"vocab_size": 300, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "max_window_layers": 0, **changes},
    )
    return Qwen2ForCausalLM(config)


def batch_of(examples, packing: bool, padding_id: int = 1) -> Batch:
    """All examples as one micro-batch."""
    if packing:
        return packed_batch(examples, loss_weight=1.0)
    return padded_batch(examples, loss_weight=1.0, padding_id=padding_id)


def with_gradient(model, loss):
    """A loss and copies of the gradients of all weights."""
    model.zero_grad()
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    return loss.detach(), gradients


def unbatched_loss(model, example):
    """Summed loss of one example by itself, as transformers computes it."""
    ids = torch.tensor([example.token_ids])
    labels = ids.clone()
    labels[:, : example.first_target] = -100
    return model(input_ids=ids, labels=labels).loss * example.num_targets


def one_by_one(model, examples):
    model.set_attn_implementation("sdpa")
    losses = [unbatched_loss(model, example) for example in examples]
    return with_gradient(model, sum(losses) / sum(example.num_targets for example in examples))


def sft(model, examples, packing):
    model.set_attn_implementation(ATTENTION if packing else "sdpa")
    return with_gradient(model, SupervisedFineTuning().loss(model=model, batch=batch_of(examples, packing)))


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
