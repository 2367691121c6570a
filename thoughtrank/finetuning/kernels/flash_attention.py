"""Variable-length FlashAttention (arXiv 2307.08691) over a packed row, on CUDA: the kernel that torch contains.

It skips all blocks between sequences, and reads grouped key-value heads without a copy. Its backward pass adds with atomics, so
that its gradients differ in the last bits from run to run. A row of one long sequence is left to cuDNN on Hopper.

Shapes: T tokens in the packed row, K keys of all sequences, H query heads, G key-value heads, D head_dim.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.attention import SDPBackend, sdpa_kernel

from thoughtrank.finetuning.batching.variable_lengths import VariableLengths
from thoughtrank.finetuning.kernels.autograd import AutogradContext

_CUDNN_CAPABILITY = (9, 0)
_CUDNN_TOKENS = 1024
"""From here on cuDNN is faster than FlashAttention 2: at 4096 tokens on an H100 it takes 0.86 ms instead of 1.56."""
_CUDNN_MULTIPLE = 512
"""cuDNN builds a new plan for every new length, so lengths are rounded up to a multiple of this."""


def flash_attention(
    query: Tensor, key: Tensor, value: Tensor, *, lengths: VariableLengths, window: int | None, scaling: float
) -> Tensor:
    """Causal attention within the sequences of a packed row.

    Args:
        query: [T, H, D].
        key: [T, G, D].
        value: [T, G, D].
        lengths: the sequences.
        window: number of positions a token attends to, itself included; None for all.
        scaling: factor on the scores.

    Returns:
        [T, H, D].
    """
    if window is None and len(lengths.query_offsets) == 2 and _prefers_cudnn(query):
        return attend_alone(query, key, value, scaling)
    if lengths.keys is not None:
        key, value = key.index_select(0, lengths.keys), value.index_select(0, lengths.keys)
    return attend(query, key, value, lengths, window, scaling)


def attend(
    query: Tensor, key: Tensor, value: Tensor, lengths: VariableLengths, window: int | None, scaling: float
) -> Tensor:
    """The kernel: query [T, H, D], key and value [K, G, D]; returns [T, H, D]."""
    output: Tensor = _FlashAttention.apply(query, key, value, lengths, window, scaling)
    return output


def _prefers_cudnn(query: Tensor) -> bool:
    """Whether cuDNN is faster for a row [T, H, D] that is one sequence."""
    return len(query) >= _CUDNN_TOKENS and torch.cuda.get_device_capability(query.device) >= _CUDNN_CAPABILITY


def attend_alone(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """A row that is one sequence: query [T, H, D], key and value [T, G, D]; returns [T, H, D]."""
    missing = -len(query) % _CUDNN_MULTIPLE
    # Padding is at the end, where causal attention does not see it.
    q, k, v = (
        nn.functional.pad(tensor, (0, 0, 0, 0, 0, missing)).transpose(0, 1)[None] for tensor in (query, key, value)
    )
    with sdpa_kernel([SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.MATH], set_priority=True):
        output = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=True)
    return output[0].transpose(0, 1)[: len(query)]


class _Context(AutogradContext):
    lengths: VariableLengths
    window: int | None
    scaling: float


class _FlashAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        context: _Context,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        lengths: VariableLengths,
        window: int | None,
        scaling: float,
    ) -> Tensor:
        output, normalizer, *_ = torch.ops.aten._flash_attention_forward(
            *(query, key, value), *_sequences(lengths), 0.0, window is None, False, scale=scaling, **_band(window)
        )
        context.save_for_backward(query, key, value, output, normalizer)
        context.lengths, context.window, context.scaling = lengths, window, scaling
        return output

    @staticmethod
    @once_differentiable
    def backward(context: _Context, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, output, normalizer = context.saved_tensors
        window = context.window
        # The state of dropout, of which there is none.
        random_state = query.new_zeros(2, dtype=torch.uint64), query.new_empty(0)
        gradients = torch.ops.aten._flash_attention_backward(
            *(gradient.contiguous(), query, key, value, output, normalizer),
            *(*_sequences(context.lengths), 0.0, window is None, *random_state),
            scale=context.scaling,
            **_band(window),
        )
        return *gradients, None, None, None


def _sequences(lengths: VariableLengths) -> tuple[Tensor, Tensor, int, int]:
    return lengths.query_offsets, lengths.key_offsets, lengths.longest_queries, lengths.longest_keys


def _band(window: int | None) -> dict[str, int]:
    """A sliding window replaces the kernel's causal mask; both are aligned at the last query and the last key."""
    return {} if window is None else {"window_size_left": window - 1, "window_size_right": 0}
