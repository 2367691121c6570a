"""How much memory generation needs, from sizes that are known before a model is downloaded."""

from thoughtrank.engines.protocol import GenerationMemory


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
