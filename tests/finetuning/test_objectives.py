import random

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batch_loader import BatchLoader
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.kernels import packed_attention
from thoughtrank.finetuning.kernels.chunked_cross_entropy import LOGIT_BYTES, chunked_cross_entropy
from thoughtrank.finetuning.kernels.packed_attention import ATTENTION
from thoughtrank.finetuning.kernels.packed_attention import packed_attention as attention
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.prepare_model import prepare_model


def examples_of(*, completions_of_prompts):
    """Random examples; lengths of the completions of each prompt."""
    generator = random.Random(0)
    tokens = [tuple(generator.randrange(300) for _ in range(5 + 4 * number)) for number in range(9)]
    return [
        EncodedExample(
            token_ids=(*prompt, *(generator.randrange(300) for _ in range(length))), first_target=len(prompt)
        )
        for prompt, lengths in zip(tokens, completions_of_prompts, strict=False)
        for length in lengths
    ]


ALONE = examples_of(completions_of_prompts=((7,), (1,), (12,), (3,)))
SHARED = examples_of(completions_of_prompts=((5, 1, 8), (3,), (7, 7), (1, 1), (30, 2)))


@pytest.fixture(scope="module")
def llama(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)


def qwen2(**changes):
    torch.manual_seed(0)
    config = Qwen2Config(
        **{"vocab_size": 300, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "max_window_layers": 0, **changes},
    )
    return Qwen2ForCausalLM(config)


@pytest.fixture(scope="module", params=["llama", "qwen2", "qwen2 with a sliding window"])
def model(request):
    if request.param == "llama":
        return request.getfixturevalue("llama")
    return qwen2() if request.param == "qwen2" else qwen2(use_sliding_window=True, sliding_window=6)


def batch_of(examples, packing, padding_id=1):
    plan = [[list(range(len(examples)))]]
    [batch] = BatchLoader(examples=examples, plan=plan, padding_id=padding_id, packing=packing)
    return batch


def with_gradient(model, loss):
    """A loss and the gradients of all weights, as numbers that stay."""
    model.zero_grad()
    loss.backward()
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    return loss.detach(), gradients


def plain(model, example):
    """Summed loss of one example by itself, as transformers computes it."""
    ids = torch.tensor([example.token_ids])
    labels = ids.clone()
    labels[:, : example.first_target] = -100
    return model(input_ids=ids, labels=labels).loss * example.num_targets


def one_by_one(model, examples):
    model.set_attn_implementation("sdpa")
    losses = [plain(model, example) for example in examples]
    return with_gradient(model, sum(losses) / sum(example.num_targets for example in examples))


def sft(model, examples, packing):
    model.set_attn_implementation(ATTENTION if packing else "sdpa")
    return with_gradient(model, SupervisedFineTuning().loss(model=model, batch=batch_of(examples, packing)))


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("examples", [ALONE, SHARED], ids=["alone", "shared prompts"])
@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_loss_and_gradients_are_those_of_each_example_by_itself(model, examples, packing):
    close(sft(model, examples, packing), one_by_one(model, examples))


def test_so_they_are_through_the_fused_kernel_for_long_rows(model, monkeypatch):
    monkeypatch.setattr(packed_attention, "_MOST_KEYS", 1)
    close(sft(model, SHARED, packing=True), one_by_one(model, SHARED))


def test_the_loss_of_every_single_token_is_the_same_packed_and_unpacked(model):
    from thoughtrank.finetuning.batching.batches import target_states

    losses = []
    for packing in (False, True):
        model.set_attn_implementation(ATTENTION if packing else "sdpa")
        batch = batch_of(SHARED, packing)
        with torch.no_grad():
            logits = model.get_output_embeddings()(target_states(model, batch))
        losses.append(nn.functional.cross_entropy(logits, batch.target_ids, reduction="none"))
    close(*losses)


def test_another_example_in_the_pack_changes_nothing(model):
    model.set_attn_implementation(ATTENTION)
    first, second = SHARED[0], SHARED[1]
    stranger = EncodedExample(token_ids=(*first.prompt, *[7] * 20), first_target=first.first_target)
    sums = [
        sft(model, [first, other], packing=True)[0] * (first.num_targets + other.num_targets)
        - sft(model, [other], packing=True)[0] * other.num_targets
        for other in (second, stranger)
    ]
    torch.testing.assert_close(sums[0], sums[1], rtol=1e-4, atol=1e-4)


def test_padding_changes_neither_loss_nor_gradient(llama):
    llama.set_attn_implementation("sdpa")
    results = []
    for padding_id in (1, 250):
        batch = batch_of(ALONE, packing=False, padding_id=padding_id)
        results.append(with_gradient(llama, SupervisedFineTuning().loss(model=llama, batch=batch)))
    close(*results)


def test_gradient_checkpointing_changes_neither_loss_nor_gradient(tiny_folder):
    results = []
    for checkpointing in (False, True):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).train()
        prepare_model(model, packing=True, gradient_checkpointing=checkpointing, compile_layers=False)
        assert model.is_activation_checkpointing == checkpointing
        results.append(sft(model, SHARED, packing=True))
    close(*results)


def test_attention_that_does_more_is_refused_with_the_way_out():
    with pytest.raises(UserError, match=r"training\.packing=false"):
        attention(None, None, None, None, None, 1.0, packing=None, softcap=30.0)


def test_a_bfloat16_model_and_autocast_give_a_finite_float32_loss(tiny_folder):
    for dtype in (torch.bfloat16, torch.float32):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=dtype)
        exact = sft(model.float(), SHARED, packing=True)[0]
        model.to(dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.float32):
            loss = SupervisedFineTuning().loss(model=model, batch=batch_of(SHARED, packing=True))
        loss.backward()
        assert loss.dtype == torch.float32
        assert loss.detach() == pytest.approx(float(exact), rel=0.02)


# The loss in chunks.


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
@pytest.mark.parametrize("bias", [False, True], ids=["a whole matrix", "any other output layer"])
def test_chunks_have_exact_loss_and_gradients_and_no_chunk_is_larger(chunk, bias, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=bias), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    monkeypatch.setitem(LOGIT_BYTES, "cpu", chunk * 4 * 50)
    sizes = []
    original = torch.Tensor.float

    def watched(tensor):
        sizes.append(tensor.numel())
        return original(tensor)

    def gradients(loss):
        (2 * loss).backward()
        taken = [hidden.grad, *(parameter.grad for parameter in head.parameters())]
        hidden.grad = None
        head.zero_grad()
        return loss.detach(), *taken

    expected = gradients(nn.functional.cross_entropy(head(hidden), targets))
    monkeypatch.setattr(torch.Tensor, "float", watched)
    found = gradients(chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets))
    assert max(sizes) == min(chunk, 23) * 50
    torch.testing.assert_close(found, expected)
