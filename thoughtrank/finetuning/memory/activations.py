"""What a layer keeps per token for the backward pass.

The terms are those of Korthikanti et al. 2022 (arXiv 2205.05198, section 4) for the layers of Llama: RMSNorm in place of
LayerNorm, a gated MLP, attention that saves no scores, and no dropout. They follow what transformers' modules and the kernels
of this project save; the tests compare them with what torch saves.
"""

from dataclasses import dataclass
from typing import Literal

from thoughtrank.models.decoder_shape import DecoderShape

Kernels = Literal["stock", "recompute", "liger"]
"""Norms and MLPs: transformers' own, this project's recompute layers, or Liger's kernels (arXiv 2410.10989)."""

Attention = Literal["repeated", "grouped", "matmul"]
"""Torch's kernels with keys and values repeated for their query heads, or with grouped ones; or two matmuls per block."""

_FLOAT32 = 4
_LINEARS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormats:
    """Number formats of a forward pass, in bytes per value.

    Attributes:
        matmul: of matmuls and what they return.
        residual: of the sum that runs through the layers.
        autocast: matmuls work on rounded copies of weights and inputs.
    """

    matmul: int
    residual: int
    autocast: bool = False


BF16 = NumberFormats(matmul=2, residual=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerMemory:
    """One decoder layer in training.

    Attributes:
        shape: of the decoder.
        arithmetic: number formats.
        kernels: of norms and MLP.
        attention: of the attention.
        lora_rank: inner dimension of LoRA on all linear layers, whose other weights are frozen; None trains all weights.
    """

    shape: DecoderShape
    arithmetic: NumberFormats
    kernels: Kernels
    attention: Attention = "repeated"
    lora_rank: int | None = None

    @property
    def input(self) -> int:
        """Bytes per token of the layer's input, all that gradient checkpointing keeps."""
        return self.arithmetic.residual * self.shape.hidden_size

    @property
    def saved(self) -> int:
        """Bytes per token that the whole layer keeps."""
        return self._norm(readers=3) + self._attention() + self._mlp() + self._adapters()

    @property
    def transient(self) -> int:
        """Bytes per token that the backward pass of the MLP, the widest part, needs beside what is saved."""
        width, matmul, residual = self.shape.intermediate_size, self.arithmetic.matmul, self.arithmetic.residual
        if self.recomputes_mlp:
            # Five tensors inside the MLP; beside them what its norm needs, in float32 where the formats are narrower.
            wide = 3 + (residual < _FLOAT32) + (matmul < _FLOAT32)
            return 5 * matmul * width + (wide * _FLOAT32 + 2 * matmul) * self.shape.hidden_size
        return 2 * matmul * width + 2 * residual * self.shape.hidden_size

    @property
    def weight_copies(self) -> int:
        """Bytes of the rounded weights that are kept until the layer's backward pass."""
        if not self.arithmetic.autocast:
            return 0
        if self.lora_rank is not None:
            return self.arithmetic.matmul * self.adapter_weights
        weights = self.shape.attention_weights if self.recomputes_mlp else self.shape.layer_weights
        return self.arithmetic.matmul * weights

    @property
    def adapter_weights(self) -> int:
        """Weights of LoRA's matrices."""
        shape = self.shape
        hidden, query, key, width = shape.hidden_size, shape.query_size, shape.key_size, shape.intermediate_size
        return (self.lora_rank or 0) * (2 * (hidden + query) + 2 * (hidden + key) + 3 * (hidden + width))

    @property
    def recomputes_mlp(self) -> bool:
        """Whether the MLP keeps the input of its norm only."""
        return self.kernels == "recompute" and self.lora_rank is None

    def _norm(self, *, readers: int) -> int:
        """A norm, and its output once for all matmuls that read it, or, where they round it themselves, once for each."""
        hidden, arithmetic = self.shape.hidden_size, self.arithmetic
        rounds = arithmetic.autocast and (self.kernels != "recompute" or self.lora_rank is not None)
        return self.norm_input + (readers if rounds else 1) * arithmetic.matmul * hidden

    @property
    def norm_input(self) -> int:
        """Bytes per token that a norm keeps, without its output."""
        hidden, residual = self.shape.hidden_size, self.arithmetic.residual
        scale = _FLOAT32
        if self.kernels == "stock":
            # The input in float32, and the normalized input for the gradient of the norm's weight.
            return _FLOAT32 * hidden + (residual * hidden if self.lora_rank is None else 0) + scale
        return residual * hidden + scale

    def _attention(self) -> int:
        """Queries, keys, values and, for the last projection, the output."""
        shape, matmul = self.shape, self.arithmetic.matmul
        query, key = shape.query_size, shape.key_size
        kept = matmul * (query + 2 * (query if self.attention == "repeated" else key))
        if self.attention != "matmul":
            kept += matmul * query + _FLOAT32 * shape.heads  # the output, and one normalizer per head
        if shape.normed_queries:
            heads = shape.heads + shape.kv_heads
            normed = _FLOAT32 + (matmul if self.lora_rank is None else 0) if self.kernels == "stock" else matmul
            kept += normed * (query + key) + _FLOAT32 * heads
        return kept + matmul * query

    def _mlp(self) -> int:
        """The norm before the MLP and the MLP: gate, its activation, up, and their product."""
        if self.recomputes_mlp:
            return self.input
        tensors = 3 if self.kernels == "liger" else 4
        return self._norm(readers=2) + tensors * self.arithmetic.matmul * self.shape.intermediate_size

    def _adapters(self) -> int:
        """What LoRA's first matrices return."""
        return 0 if self.lora_rank is None else _LINEARS * self.arithmetic.matmul * self.lora_rank
