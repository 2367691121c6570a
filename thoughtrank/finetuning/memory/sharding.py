"""What a strategy divides over its devices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharding:
    """Which parts of a training are divided over the devices; the default is none, as on one device.

    Attributes:
        optimizer: optimizer state and master weights.
        gradients: gradients, once they are averaged.
        weights: weights, which are gathered for their turn.
        offload: the divided optimizer state and weights are in main memory.
        keeps_gradients: the memory of the gradients is not freed between steps.
        buckets: values in each of two buffers for gradients under way.
        gathered: most values that are gathered at once; None for the embeddings and two layers.
        keeps_head: the output head stays gathered from its first use until the optimizer step, beside ``gathered``.
        step_gradients: the optimizer step makes a float32 copy of its part of the gradients.
    """

    optimizer: bool = False
    gradients: bool = False
    weights: bool = False
    offload: bool = False
    keeps_gradients: bool = False
    buckets: int = 0
    gathered: int | None = None
    keeps_head: bool = False
    step_gradients: bool = False
