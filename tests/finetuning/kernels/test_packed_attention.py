import pytest
import torch
from sft_losses import SHARED, SYSTEM_PROMPT, batch_of, close, one_by_one, sft
from torch import nn

from thoughtrank.errors import UserError
from thoughtrank.finetuning.batching.batches import target_states
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.kernels import packed_attention
from thoughtrank.finetuning.kernels.packed_attention import ATTENTION

EXAMPLES = pytest.mark.parametrize("examples", [SHARED, SYSTEM_PROMPT], ids=["shared prompts", "shared beginning"])


@EXAMPLES
def test_the_fused_kernel_gives_the_same_loss_and_gradients(decoder, examples, monkeypatch):
    monkeypatch.setattr(packed_attention, "_MAX_MATMUL_KEYS", 1)
    close(sft(decoder, examples, packing=True), one_by_one(decoder, examples))


@EXAMPLES
def test_the_loss_of_every_single_token_is_the_same_packed_and_unpacked(decoder, examples):
    losses = []
    for packing in (False, True):
        decoder.set_attn_implementation(ATTENTION if packing else "sdpa")
        batch = batch_of(examples, packing)
        with torch.no_grad():
            logits = decoder.get_output_embeddings()(target_states(decoder, batch))
        losses.append(nn.functional.cross_entropy(logits, batch.target_ids, reduction="none"))
    close(*losses)


def test_no_example_attends_to_another(decoder):
    decoder.set_attn_implementation(ATTENTION)
    first, second = SHARED[0], SHARED[1]
    stranger = EncodedExample(token_ids=(*first.prompt, *[7] * 20), first_target=first.first_target)
    sums = [
        sft(decoder, [first, other], packing=True)[0] * (first.num_targets + other.num_targets)
        - sft(decoder, [other], packing=True)[0] * other.num_targets
        for other in (second, stranger)
    ]
    torch.testing.assert_close(sums[0], sums[1], rtol=1e-4, atol=1e-4)


def test_unsupported_attention_is_refused_with_the_way_out():
    with pytest.raises(UserError, match=r"training\.packing=false"):
        packed_attention.packed_attention(None, None, None, None, None, 1.0, packing=None, softcap=30.0)


@EXAMPLES
@pytest.mark.parametrize("longest", [1, 1024], ids=["fused kernel", "matmuls"])
def test_the_loss_of_one_example_has_no_gradient_at_the_tokens_of_others(decoder, longest, examples, monkeypatch):
    monkeypatch.setattr(packed_attention, "_MAX_MATMUL_KEYS", longest)
    decoder.set_attn_implementation(ATTENTION)
    batch = batch_of(examples[:4], packing=True)
    embedded = []
    handle = decoder.get_input_embeddings().register_forward_hook(lambda *call: embedded.append(call[-1]))
    states = target_states(decoder, batch)
    handle.remove()
    first = examples[0]
    own = range(first.num_targets)
    [gradient] = torch.autograd.grad(states[own].sum(), embedded)
    seen = gradient[0].abs().sum(-1).nonzero().flatten()
    # A sliding window hides the beginning of a long example.
    assert tuple(batch.token_ids[0, seen].tolist()) == first.token_ids[:-1][-len(seen) :]
    assert len(seen) >= first.num_targets
