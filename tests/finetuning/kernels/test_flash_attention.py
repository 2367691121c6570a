"""The sequences handed to the kernel, with a plain computation in its place; the kernel itself needs a CUDA device.

On meta tensors torch's operators can be called without one: they compute nothing.
"""

from dataclasses import replace

import pytest
import torch
from operator_calls import OperatorCalls
from sft_losses import SHARED, SYSTEM_PROMPT, close, one_by_one, sft

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack
from thoughtrank.finetuning.batching.variable_lengths import variable_lengths
from thoughtrank.finetuning.kernels import flash_attention, packed_attention


def plain_kernel(query, key, value, lengths, window, scaling):
    """Sequence by sequence, causal from the last query and the last key backwards, as FlashAttention defines it."""
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1)
    outputs = []
    query_offsets, key_offsets = lengths.query_offsets.tolist(), lengths.key_offsets.tolist()
    for (q_start, k_start), (q_end, k_end) in zip(
        zip(query_offsets, key_offsets, strict=True), zip(query_offsets[1:], key_offsets[1:], strict=True), strict=False
    ):
        q, k, v = query[q_start:q_end], key[k_start:k_end], value[k_start:k_end]
        assert len(q) <= lengths.longest_queries
        assert len(k) <= lengths.longest_keys
        distance = torch.arange(len(q))[:, None] + len(k) - len(q) - torch.arange(len(k))[None, :]
        allowed = (distance >= 0) & (distance < (window or len(k)))
        scores = (torch.einsum("qhd,khd->hqk", q, k) * scaling).masked_fill(~allowed, float("-inf"))
        outputs.append(torch.einsum("hqk,khd->qhd", scores.softmax(-1), v))
    return torch.cat(outputs)


@pytest.mark.parametrize("examples", [SHARED, SYSTEM_PROMPT], ids=["shared prompts", "shared beginning"])
def test_packed_sequences_have_the_loss_and_gradients_of_each_example_alone(decoder, examples, monkeypatch):
    called = []
    monkeypatch.setattr(packed_attention, "supports_flash", lambda **_: True)
    monkeypatch.setattr(flash_attention, "attend", lambda *given: called.append(given) or plain_kernel(*given))
    close(sft(decoder, examples, packing=True), one_by_one(decoder, examples))
    assert called


def test_examples_without_a_shared_prompt_need_no_copy_of_keys(decoder, monkeypatch):
    kernels = []
    monkeypatch.setattr(packed_attention, "supports_flash", lambda **_: True)
    monkeypatch.setattr(flash_attention, "attend", lambda *given: kernels.append(given[3]) or plain_kernel(*given))
    examples = [EncodedExample((first, 5, 6, 7), first_target=2) for first in (3, 4)]
    sft(decoder, examples, packing=True)
    assert kernels[0].keys is None
    assert kernels[0].query_offsets.tolist() == kernels[0].key_offsets.tolist() == [0, 3, 6]


@pytest.mark.parametrize("length", [3, 8, 9])
def test_a_row_that_is_one_sequence_is_padded_to_few_lengths(length, monkeypatch):
    monkeypatch.setattr(flash_attention, "_CUDNN_MULTIPLE", 8)
    torch.manual_seed(0)
    inputs = [torch.randn(length, heads, 4, requires_grad=True) for heads in (4, 2, 2)]
    lengths = variable_lengths([([], range(length))])
    factor = torch.randn(length, 4, 4)
    results = []
    for output in (flash_attention.attend_alone(*inputs, 0.5), plain_kernel(*inputs, lengths, None, 0.5)):
        results.append((output, *torch.autograd.grad((output * factor).sum(), inputs)))
    torch.testing.assert_close(*results)


@pytest.mark.parametrize(
    ("examples", "capability", "expected"),
    [(1, (9, 0), "alone"), (2, (9, 0), "sequences"), (1, (8, 0), "sequences")],
)
def test_one_long_sequence_goes_through_cudnn_on_devices_where_that_is_faster(
    examples, capability, expected, monkeypatch
):
    used = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(flash_attention, "_CUDNN_TOKENS", 2)
    monkeypatch.setattr(flash_attention, "attend", lambda query, *rest: used.append("sequences") or query)
    monkeypatch.setattr(flash_attention, "attend_alone", lambda query, *rest: used.append("alone") or query)
    query = torch.zeros(4 * examples, 1, 4)
    lengths = variable_lengths([([], range(4 * each, 4 * each + 4)) for each in range(examples)])
    for window in (None, 2):
        flash_attention.flash_attention(query, query, query, lengths=lengths, window=window, scaling=1.0)
    assert used == [expected, "sequences"]


def test_no_block_is_built_for_the_kernel(monkeypatch):
    def refuse():
        raise AssertionError("blocks are for other kernels")

    monkeypatch.setattr(packed_attention, "supports_flash", lambda **_: True)
    monkeypatch.setattr(flash_attention, "attend", plain_kernel)
    layout = replace(pack(SHARED).layout, build_blocks=refuse)
    query, key, value = (torch.randn(1, heads, len(layout.positions), 4) for heads in (4, 2, 2))
    output, _ = packed_attention.packed_attention(None, query, key, value, None, 0.5, packing=layout)
    assert output.shape == (1, len(layout.positions), 4, 4)


@pytest.mark.parametrize("window", [None, 3])
def test_both_operators_of_torch_get_each_argument_at_its_place(window):
    # No two of them are equal in shape and strides; operators do not compare shapes on meta tensors.
    query, key, value = (
        torch.empty(shape, dtype=torch.bfloat16, device="meta", requires_grad=True).transpose(0, 1)
        for shape in ((4, 9, 64), (2, 11, 64), (2, 11, 32))
    )
    lengths = variable_lengths([([], range(4)), ([2, 3], range(4, 9))]).map(lambda tensor: tensor.to("meta"))
    with OperatorCalls() as calls:
        output = flash_attention.attend(query, key, value, lengths, window, 0.5)
        gradients = torch.autograd.grad(output, (query, key, value), torch.empty_like(output))
    assert (output.shape, output.dtype) == (query.shape, query.dtype)
    assert [(each.shape, each.dtype) for each in gradients] == [
        (each.shape, each.dtype) for each in (query, key, value)
    ]
    forward, backward = (calls.arguments[f"aten::_flash_attention_{way}"] for way in ("forward", "backward"))
    for given in (forward, backward):
        assert [given[name].shape for name in ("query", "key", "value")] == [query.shape, key.shape, value.shape]
        assert given["cum_seq_q"] is lengths.query_offsets
        assert given["cum_seq_k"] is lengths.key_offsets
        assert (given["max_q"], given["max_k"]) == (5, 7)
        assert (given["scale"], given["dropout_p"], given["is_causal"]) == (0.5, 0.0, window is None)
        band = given.get("window_size_left"), given.get("window_size_right")
        assert band == ((None, None) if window is None else (2, 0))
    assert not forward["return_debug_mask"]
    assert backward["out"].stride() == output.stride()
    assert (backward["grad_out"].shape, backward["grad_out"].stride()) == (query.shape, (256, 64, 1))
    assert (backward["logsumexp"].shape, backward["logsumexp"].dtype) == ((4, 9), torch.float32)
    assert (backward["rng_state"].shape, backward["rng_state"].dtype) == ((2,), torch.uint64)
