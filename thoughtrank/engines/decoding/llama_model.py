"""Llama and its kin without transformers' modules: the same arithmetic in a third of the calls.

Shapes: N rows (in prefill, prompts times tokens), H query heads, K key-value heads, D head size.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from thoughtrank.engines.decoding.generic_model import new_cache, padded
from thoughtrank.engines.decoding.kv_cache import BranchCache
from thoughtrank.engines.decoding.packed_linear import Linear
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.engines.decoding.shared_prefix_attention import branch_attention, causal_attention

_CLASSES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM")


def is_llama(model: Any) -> bool:
    """Whether ``LlamaDecoder`` computes what this model does."""
    return type(model).__name__ in _CLASSES and model.config.hidden_act == "silu"


class _Layer:
    """The weights of one decoder layer."""

    def __init__(self, layer: Any) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.scaling = attention.scaling
        self.qkv = Linear(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out = Linear(attention.o_proj)
        self.gate, self.up, self.down = Linear(mlp.gate_proj), Linear(mlp.up_proj), Linear(mlp.down_proj)
        self.first_norm, self.second_norm = layer.input_layernorm, layer.post_attention_layernorm

    def feed_forward(self, hidden: Tensor) -> Tensor:
        """The second half of the layer."""
        inner = _normed(hidden, self.second_norm)
        return self.down.plus(self.up.times(inner, self.gate.silu(inner)), hidden)


def _normed(hidden: Tensor, norm: Any) -> Tensor:
    return functional.rms_norm(hidden, (hidden.shape[-1],), norm.weight, norm.variance_epsilon)


class LlamaDecoder:
    """The decoder of a Llama, Mistral or Qwen2.

    Args:
        model: on its device; gives its linear layers' weights up.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.device = model.device
        layout = new_cache(model)
        inner = model.model
        self._embedding, self._rotary, self._norm = inner.embed_tokens, inner.rotary_emb, inner.norm
        self._kv_heads, self._size = layout.heads, layout.head_size
        self._layers = [_Layer(layer) for layer in inner.layers]
        self._head = Linear(model.lm_head, keep=True)

    def new_cache(self) -> BranchCache:
        """See ``Decoder``."""
        return new_cache(self._model)

    def prefill(self, prefill: Prefill, cache: BranchCache) -> None:
        """See ``Decoder``. The last layer's keys and values are the last thing anybody needs of a prompt."""
        tokens = padded(prefill.tokens, self.device)
        rows, length = tokens.shape
        hidden = self._embedding(tokens.flatten())
        positions = torch.arange(prefill.shared, prefill.shared + length, device=self.device).repeat(rows)
        rotation = self._rotation(hidden, positions)
        for number, layer in enumerate(self._layers):
            query, keys, values = (
                each.unflatten(0, (rows, length)).transpose(1, 2) for each in self._project(layer, hidden, rotation)
            )
            keys, values = cache.store_prompts(prefill, number, keys, values)
            if number < len(self._layers) - 1:
                attended = causal_attention(query, keys, values, scaling=layer.scaling)
                hidden = layer.out.plus(attended.transpose(1, 2).reshape(rows * length, -1), hidden)
                hidden = layer.feed_forward(hidden)

    def step(self, tokens: Tensor, positions: Tensor, cache: BranchCache, wanted: Tensor | None) -> Tensor:
        """See ``Decoder``."""
        hidden = self._embedding(tokens)
        rotation = self._rotation(hidden, positions)
        for number, layer in enumerate(self._layers):
            query, keys, values = self._project(layer, hidden, rotation)
            cache.store(number, keys, values)
            attended = branch_attention(query, cache, number, scaling=layer.scaling)
            hidden = layer.feed_forward(layer.out.plus(attended.flatten(1), hidden))
        if wanted is not None:
            hidden = hidden[wanted]
        if not len(hidden):
            return hidden
        return self._head(_normed(hidden, self._norm))

    def _rotation(self, hidden: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and signed sines, [N, 1, D]."""
        cosines, sines = self._rotary(hidden, positions[None])
        half = self._size // 2
        signed = torch.cat((-sines[0, :, :half], sines[0, :, half:]), dim=-1)
        return cosines[0, :, None], signed[:, None]

    def _project(self, layer: _Layer, hidden: Tensor, rotation: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        """Rotated queries [N, H, D] and keys [N, K, D], and values [N, K, D]."""
        heads = layer.qkv(_normed(hidden, layer.first_norm)).unflatten(-1, (-1, self._size))
        turning, values = heads[:, : -self._kv_heads], heads[:, -self._kv_heads :]
        cosines, sines = rotation
        turned = torch.addcmul(turning * cosines, turning.roll(self._size // 2, -1), sines)
        return turned[:, : -self._kv_heads], turned[:, -self._kv_heads :], values
