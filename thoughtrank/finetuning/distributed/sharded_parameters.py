"""Parameters whose tensor on a rank is only a shard of the whole. Imports nothing heavy."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch


@runtime_checkable
class _Zero3Parameter(Protocol):
    """What DeepSpeed adds to a parameter that ZeRO-3 partitions: an id, and the shape before partitioning."""

    ds_id: int
    ds_shape: Sequence[int]


@runtime_checkable
class _FlattenedParameter(Protocol):
    """What ``record_full_shape`` adds to a parameter that FSDP flattens."""

    full_shape: Sequence[int]


def is_zero3_partitioned(parameter: "torch.Tensor") -> bool:
    """Whether ZeRO-3 partitions ``parameter``: only the module that owns it may read it, in its own forward pass."""
    return isinstance(parameter, _Zero3Parameter)


def record_full_shape(parameter: "torch.nn.Parameter") -> None:
    """Remember the shape of a parameter that is about to be flattened and sharded."""
    parameter.full_shape = tuple(parameter.shape)  # type: ignore[attr-defined]


def full_shape(parameter: "torch.Tensor") -> tuple[int, ...]:
    """The shape of the whole parameter, whatever part of it this rank holds."""
    if isinstance(parameter, _Zero3Parameter):
        return tuple(parameter.ds_shape)
    if isinstance(parameter, _FlattenedParameter):
        return tuple(parameter.full_shape)
    return tuple(parameter.shape)
