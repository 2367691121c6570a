import pytest
import torch

from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.batching.packing import pack
from thoughtrank.finetuning.kernels.matmul_attention import matmul_attention

HEAD_DIM = 4


def example(prompt, *completion):
    return EncodedExample(token_ids=(*prompt, *completion), first_target=len(prompt))


SYSTEM = range(10, 19)
LAYOUTS = {
    "shared prompt": pack(
        [example((1, 2, 3), 4, 5, 6), example((1, 2, 3), 7, 8), example((9, 8), *range(7)), example((5,), 6, 7, 8)]
    ).layout,
    "shared beginning": pack(
        [
            *(example((*SYSTEM, 1), *completion) for completion in ((4, 5, 6), (7, 8))),
            *(example((*SYSTEM, number), *range(7)) for number in (2, 3)),
        ]
    ).layout,
}


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def dense_attention(query, key, value, *, layout, window):
    """One softmax over the whole row, from a dense matrix of what each token may attend to."""
    total = len(query)
    allowed = torch.zeros(total, total, dtype=torch.bool)
    for block in layout.blocked.blocks:
        for row, queries in enumerate(block.queries):
            for number, token in enumerate(queries):
                if block.query_padding is None or not block.query_padding[row, number]:
                    allowed[token, block.keys[row][block.allowed.expand(len(block.queries), -1, -1)[row, number]]] = (
                        True
                    )
    if window is not None:
        allowed &= layout.positions[:, None] - layout.positions[None, :] < window
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, dim=1), value.repeat_interleave(repeats, dim=1)
    scores = torch.einsum("qhd,khd->hqk", query, key) / HEAD_DIM**0.5
    return torch.einsum("hqk,khd->qhd", scores.masked_fill(~allowed, float("-inf")).softmax(-1), value)


@pytest.mark.parametrize("window", [None, 2])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_output_and_gradients_equal_dense_attention(layout, kv_heads, window):
    torch.manual_seed(0)
    total = len(layout.positions)
    inputs = random(total, 4, HEAD_DIM), random(total, kv_heads, HEAD_DIM), random(total, kv_heads, HEAD_DIM)
    masks = layout.masks(window=window, dtype=torch.float64)
    output = matmul_attention(*inputs, packing=layout.blocked, masks=masks, scaling=HEAD_DIM**-0.5)
    expected = dense_attention(*inputs, layout=layout, window=window)
    torch.testing.assert_close(output, expected)
    factor = torch.randn_like(output)
    torch.testing.assert_close(
        torch.autograd.grad((output * factor).sum(), inputs), torch.autograd.grad((expected * factor).sum(), inputs)
    )
