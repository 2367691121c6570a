"""Llama and models of the same architecture without transformers' modules: the same computation in a third of the calls.

Shapes: N rows (in a prefill, prompts times tokens), H query heads, K key-value heads, D head_dim.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from thoughtrank.engines.decoding.decoder_model import new_cache, pad, prefill_positions
from thoughtrank.engines.decoding.kv_cache import KVCache
from thoughtrank.engines.decoding.packed_linear import PackedLinear
from thoughtrank.engines.decoding.prefill import Prefill, PrefillCache
from thoughtrank.engines.decoding.shared_prefix_attention import branch_attention, causal_attention, prefill_mask

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedModel
    from transformers.models.llama.modeling_llama import LlamaDecoderLayer

Rotation = tuple[Tensor, Tensor]
"""Cosines and signed sines of the rotary embedding, each [N, 1, D]."""
Attend = Callable[[Tensor, Rotation, int, float], Tensor]
"""Stores the keys and values of a step, and attends: (queries, keys and values before the rotation, [N, H + 2 K, D], rotation,
index of the layer, factor on the scores) to [N, H, D]."""

_CLASSES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM")


def is_llama(model: "PreTrainedModel") -> bool:
    """Whether ``PackedLlama`` computes what this model computes."""
    return type(model).__name__ in _CLASSES and model.config.hidden_act == "silu"


class _Normalization(Protocol):
    """The attributes that the normalisations of these models have in common."""

    weight: nn.Parameter
    variance_epsilon: float


class _Layer:
    """The weights of one decoder layer."""

    def __init__(self, layer: "LlamaDecoderLayer", *, packed: bool) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.scaling = attention.scaling
        self.qkv = PackedLinear(attention.q_proj, attention.k_proj, attention.v_proj, packed=packed)
        self.out = PackedLinear(attention.o_proj, packed=packed)
        self.down = PackedLinear(mlp.down_proj, packed=packed)
        # One matmul on CUDA. On the CPU the second of two can multiply its output by the first one's.
        self.joined = mlp.gate_proj.weight.is_cuda
        inner = [[mlp.gate_proj, mlp.up_proj]] if self.joined else [[mlp.gate_proj], [mlp.up_proj]]
        self.inner = [PackedLinear(*layers, packed=packed) for layers in inner]
        self.first_norm, self.second_norm = layer.input_layernorm, layer.post_attention_layernorm

    def feed_forward(self, hidden: Tensor, silu_mul: Callable[[Tensor], Tensor]) -> Tensor:
        """The second half of the layer."""
        normed = _normed(hidden, self.second_norm)
        if self.joined:
            inner = silu_mul(self.inner[0](normed))
        else:
            gate_layer, up_layer = self.inner
            inner = up_layer.mul(normed, gate_layer.silu(normed))
        return self.down.add(inner, hidden)


def silu_mul(joined: Tensor) -> Tensor:
    """SiLU of the first half of the columns, times the second half."""
    gate, up = joined.chunk(2, dim=-1)
    return functional.silu(gate).mul_(up)


def _normed(hidden: Tensor, norm: _Normalization) -> Tensor:
    return functional.rms_norm(hidden, (hidden.shape[-1],), norm.weight, norm.variance_epsilon)


class PackedLlama:
    """A Llama, Mistral or Qwen2; see ``DecoderModel``.

    Args:
        model: on its device; its linear layers lose their weights.
        packed: see ``PackedLinear``.

    Attributes:
        vocabulary: number of tokens that have a logit.
        silu_mul: what is used where gate and up are one matmul; may be replaced by a faster one.
    """

    def __init__(self, model: "PreTrainedModel", *, packed: bool) -> None:
        llama = cast("LlamaForCausalLM", model)
        self._model = model
        self.device = model.device
        dimensions = new_cache(model)
        inner = llama.model
        self._embedding, self._rotary, self._norm = inner.embed_tokens, inner.rotary_emb, inner.norm
        self._kv_heads, self._head_dim = dimensions.kv_heads, dimensions.head_dim
        self._layers = [_Layer(cast("LlamaDecoderLayer", layer), packed=packed) for layer in inner.layers]
        self.silu_mul: Callable[[Tensor], Tensor] = silu_mul
        self.vocabulary = llama.lm_head.weight.shape[0]
        self._head = PackedLinear(llama.lm_head, packed=packed, keep_weights=True)

    def new_cache(self) -> KVCache:
        """See ``DecoderModel``."""
        return new_cache(self._model)

    def prefill(self, prefill: Prefill, cache: PrefillCache) -> None:
        """See ``DecoderModel``. Stops at the last layer's keys and values: no logits are needed."""
        self._forward(prefill, cache, layers=len(self._layers) - 1)

    def read(self, prefill: Prefill, cache: KVCache, wanted: Tensor) -> Tensor:
        """See ``DecoderModel``."""
        hidden = self._forward(prefill, cache, layers=len(self._layers))[wanted]
        return self._head(_normed(hidden, self._norm))

    def _forward(self, prefill: Prefill, cache: PrefillCache, *, layers: int) -> Tensor:
        """The hidden states after so many ``layers``, [N, hidden]; the keys and values of every layer go to the cache."""
        tokens = pad(prefill.tokens, self.device)
        rows, length = tokens.shape
        hidden = self._embedding(tokens.flatten())
        rotation = self._rotation(hidden, prefill_positions(prefill, self.device).flatten())
        mask = prefill_mask(prefill, self.device)
        for number, layer in enumerate(self._layers):
            query, keys, values = (
                each.unflatten(0, (rows, length)).transpose(1, 2)
                for each in self.rotated(self._heads(layer, hidden), rotation)
            )
            keys, values = cache.store_prefill(prefill, number, keys, values)
            if number < layers:
                attended = causal_attention(query, keys, values, scaling=layer.scaling, mask=mask)
                hidden = layer.out.add(attended.transpose(1, 2).reshape(rows * length, -1), hidden)
                hidden = layer.feed_forward(hidden, self.silu_mul)
        return hidden

    def step(self, tokens: Tensor, positions: Tensor, cache: KVCache, wanted: Tensor | None) -> Tensor:
        """See ``DecoderModel``."""

        def attend(heads: Tensor, rotation: Rotation, number: int, scaling: float) -> Tensor:
            query, keys, values = self.rotated(heads, rotation)
            cache.store_step(number, keys, values)
            return branch_attention(query, cache, number, scaling=scaling)

        return self.step_with(attend, tokens, positions, wanted)

    def step_with(self, attend: Attend, tokens: Tensor, positions: Tensor, wanted: Tensor | None) -> Tensor:
        """``step`` with any cache.

        Args:
            attend: of the cache.
            tokens: [N].
            positions: [N].
            wanted: as for ``step``.
        """
        hidden = self._embedding(tokens)
        rotation = self._rotation(hidden, positions)
        for number, layer in enumerate(self._layers):
            attended = attend(self._heads(layer, hidden), rotation, number, layer.scaling)
            hidden = layer.feed_forward(layer.out.add(attended.flatten(1), hidden), self.silu_mul)
        if wanted is not None:
            hidden = hidden[wanted]
        if not len(hidden):
            return hidden
        return self._head(_normed(hidden, self._norm))

    def _rotation(self, hidden: Tensor, positions: Tensor) -> Rotation:
        cosines, sines = self._rotary(hidden, positions[None])
        half = self._head_dim // 2
        signed = torch.cat((-sines[0, :, :half], sines[0, :, half:]), dim=-1)
        return cosines[0, :, None], signed[:, None]

    def _heads(self, layer: _Layer, hidden: Tensor) -> Tensor:
        """Queries, keys and values before the rotation, [N, H + 2 K, D]."""
        return layer.qkv(_normed(hidden, layer.first_norm)).unflatten(-1, (-1, self._head_dim))

    def rotated(self, heads: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated queries [N, H, D] and keys [N, K, D], and values [N, K, D].

        Args:
            heads: all three before the rotation, [N, H + 2 K, D].
            rotation: of the rows.
        """
        rotating, values = heads[:, : -self._kv_heads], heads[:, -self._kv_heads :]
        cosines, sines = rotation
        rotated = torch.addcmul(rotating * cosines, rotating.roll(self._head_dim // 2, -1), sines)
        return rotated[:, : -self._kv_heads], rotated[:, -self._kv_heads :], values
