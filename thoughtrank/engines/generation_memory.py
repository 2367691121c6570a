"""How much memory generation needs, from sizes that are known before a model is downloaded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GenerationMemory:
    """Memory of one copy of the model while it generates, in bytes.

    Attributes:
        weights: of the model.
        kv_cache: keys and values of one group when every branch is at its limit; None for all memory that is left.
        groups: decoded at once with the same weights, each with a KV cache of its own.
    """

    weights: float
    kv_cache: float | None
    groups: int = 1


def generation_memory(
    *, bytes_per_weight: int, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
) -> GenerationMemory:
    """Weights, and the KV cache of one group when every branch is at its limit. Prompts are not counted.

    Args:
        bytes_per_weight: 2 in 16-bit formats, 4 in float32; keys and values have the same format.
        parameters: number of weights.
        kv_cache_bytes_per_token: keys and values of one token in bfloat16.
        branches: generated together.
        tokens: the most that one of them generates.
    """
    return GenerationMemory(
        weights=parameters * bytes_per_weight,
        kv_cache=kv_cache_bytes_per_token * bytes_per_weight / 2 * branches * tokens,
    )
