"""How fast a GPU generates: the roofline of decoding times the fraction of it that was measured.

A decoding step reads the weights once for all branches, and the keys and values of each of them, so longer texts are slower.
See "Efficiently Scaling Transformer Inference" (arXiv 2211.05102) for the two limits and ``benchmarks/gpu.md`` for the figures.
"""

from dataclasses import dataclass

MEASURED_FRACTION = 0.37
"""Of the roofline, prefill and host included: the embedded engine with 992 branches of 300 tokens, 45,160 of 122,000 tokens per
second, the longest texts that were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU, as the roofline sees it.

    Attributes:
        bytes_per_second: read from its memory.
        operations_per_second: of a matmul in 16 bits.
        memory: bytes for weights, keys and values.
    """

    bytes_per_second: float
    operations_per_second: float
    memory: float


H100 = Card(bytes_per_second=3.0e12, operations_per_second=7.9e14, memory=76e9)
"""Measured with ``benchmarks/gpu.py``; the memory is the engine's default budget there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """What is generated.

    Attributes:
        weights: of the model, two bytes each.
        kv_bytes: keys and values of one token; None if unknown, and then they count nothing.
        new_tokens: that a branch writes, on average.
        branches: that can be decoded together, if they fit.
    """

    weights: int
    kv_bytes: int | None
    new_tokens: float
    branches: int


def roofline(card: Card, work: Decoding) -> float:
    """Tokens per second at most.

    While it is decoded, a branch has half of its text on average. As many branches are in flight as fit. The keys and values of
    prompts, which branches share, and the operations of attention are not counted; they are a few per cent.
    """
    own = (work.kv_bytes or 0) * work.new_tokens / 2
    fitting = (card.memory - 2 * work.weights) / own if own else work.branches
    rows = max(1.0, min(work.branches, fitting))
    read = (2 * work.weights + rows * own) / card.bytes_per_second
    computed = rows * 2 * work.weights / card.operations_per_second
    return rows / max(read, computed)


def generated_per_second(card: Card, work: Decoding) -> float:
    """Tokens per second to expect."""
    return MEASURED_FRACTION * roofline(card, work)
