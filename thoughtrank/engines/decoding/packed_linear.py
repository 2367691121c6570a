"""Linear layers for inference: several with the same input joined into one matmul, in a layout that suits the processor."""

import platform

import torch
from torch import Tensor, nn
from torch.nn import functional

_X86 = ("x86_64", "AMD64")
_ROWS = 256
"""Rows of the input for which oneDNN chooses the layout of packed weights."""


def can_pack(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether oneDNN packs weights here: on an x86 processor in float32, and on one with AVX-512 in bfloat16.

    On one with bfloat16 instructions, packed bfloat16 matmuls of 62 rows are 10 to 20 % faster, and the fused SiLU, addition
    and multiplication cost nothing. On an AMD processor without them, float32 matmuls of 24 to 240 rows are 20 to 55 % faster.
    """
    if device.type != "cpu" or platform.machine() not in _X86 or not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


class PackedLinear:
    """Linear layers with the same input, as one.

    Args:
        layers: their outputs are concatenated in this order. Their own weights are released unless ``keep_weights``.
        packed: in oneDNN's layout; see ``can_pack``. The results differ in the last bits.
        keep_weights: leave the layers unchanged, such as an output layer that shares its weights with the embedding.

    Raises:
        ValueError: some of the layers have a bias and some have none.
    """

    def __init__(self, *layers: nn.Linear, packed: bool, keep_weights: bool = False) -> None:
        weight = (
            torch.cat([layer.weight.detach() for layer in layers]) if len(layers) > 1 else layers[0].weight.detach()
        )
        biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        if len(biases) not in (0, len(layers)):
            raise ValueError("linear layers with and without a bias cannot be joined")
        self._bias = torch.cat(biases) if biases else None
        self._packed = packed
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS) if self._packed else weight
        if not keep_weights:
            for layer in layers:
                layer.weight = nn.Parameter(weight.new_empty(0), requires_grad=False)

    def __call__(self, inputs: Tensor) -> Tensor:
        """[rows, in] to [rows, out]."""
        if self._packed:
            return torch.ops.mkldnn._linear_pointwise(inputs, self._weight, self._bias, "none", [], "")
        return functional.linear(inputs, self._weight, self._bias)

    def silu(self, inputs: Tensor) -> Tensor:
        """SiLU of the output, [rows, out]."""
        if self._packed:
            return torch.ops.mkldnn._linear_pointwise(inputs, self._weight, self._bias, "swish", [], "")
        return functional.silu(self(inputs))

    def mul(self, inputs: Tensor, other: Tensor) -> Tensor:
        """The output times ``other``, [rows, out]."""
        if self._packed:
            return torch.ops.mkldnn._linear_pointwise.binary(inputs, other, self._weight, self._bias, "mul")
        return self(inputs).mul_(other)

    def add(self, inputs: Tensor, other: Tensor) -> Tensor:
        """The output plus ``other``, [rows, out]; on CUDA, ``other`` is changed in place."""
        if self._packed:
            return torch.ops.mkldnn._linear_pointwise.binary(inputs, other, self._weight, self._bias, "add")
        if self._weight.is_cuda and self._bias is None:
            return other.addmm_(inputs, self._weight.t())  # One kernel.
        return self(inputs).add_(other)
