"""The shape of a Llama-like decoder, from which memory and matmuls of training follow before any weights are read."""

from dataclasses import dataclass

from thoughtrank.models.model_config import PLAIN_TYPES, ModelSizes

_TOLERANCE = 0.02
"""By which the number of weights may differ from that of the shape: norms and biases are not counted."""
_TYPES_WITH_NORMED_QUERIES = frozenset({"qwen3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderShape:
    """A decoder whose layers are attention and a gated MLP, each after an RMSNorm.

    Attributes:
        layers: decoder layers.
        hidden_size: values of a token between layers.
        intermediate_size: values of a token inside the MLP.
        heads, kv_heads: query heads, and those of keys and values.
        head_dim: values of one head.
        vocabulary: tokens that have an embedding.
        tied: the output head is the embedding.
        normed_queries: queries and keys have RMSNorms of their own.
    """

    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = True
    normed_queries: bool = False

    @property
    def query_size(self) -> int:
        """Values of one token's queries, all heads together."""
        return self.heads * self.head_dim

    @property
    def key_size(self) -> int:
        """Values of one token's keys, all heads together; as many as of its values."""
        return self.kv_heads * self.head_dim

    @property
    def attention_weights(self) -> int:
        """Weights of one layer's four projections."""
        return 2 * self.hidden_size * (self.query_size + self.key_size)

    @property
    def mlp_weights(self) -> int:
        """Weights of one layer's MLP."""
        return 3 * self.hidden_size * self.intermediate_size

    @property
    def layer_weights(self) -> int:
        """Weights of one layer's matrices."""
        return self.attention_weights + self.mlp_weights

    @property
    def embedding_weights(self) -> int:
        """Weights of the embedding, and as many of the output head."""
        return self.vocabulary * self.hidden_size

    @property
    def weights(self) -> int:
        """Weights of all matrices."""
        return self.layers * self.layer_weights + self.embedding_weights * (1 if self.tied else 2)


def decoder_shape(sizes: ModelSizes, *, parameters: int | None) -> DecoderShape | None:
    """The shape of a model with such sizes; None where one is unknown, or where the model has other parts than such a decoder.

    Args:
        sizes: as a config states them.
        parameters: number of weights. It decides whether the output head is the embedding, and tells models with other layers
            apart, such as mixtures of experts.
    """
    cache, hidden_size, width = sizes.cache_sizes(), sizes.hidden_size, sizes.intermediate_size
    if cache is None or hidden_size is None or width is None or sizes.heads is None or sizes.vocabulary is None:
        return None
    if parameters is None or (sizes.kind is not None and sizes.kind not in PLAIN_TYPES):
        return None
    for tied in (True, False):
        shape = DecoderShape(
            layers=cache.layers,
            hidden_size=hidden_size,
            intermediate_size=width,
            heads=sizes.heads,
            kv_heads=cache.kv_heads,
            head_dim=cache.head_dim,
            vocabulary=sizes.vocabulary,
            tied=tied,
            normed_queries=sizes.kind in _TYPES_WITH_NORMED_QUERIES,
        )
        if abs(shape.weights - parameters) <= _TOLERANCE * parameters:
            return shape
    return None
