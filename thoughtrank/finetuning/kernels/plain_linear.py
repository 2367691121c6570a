"""Whether a module is a bare matrix, so that a custom autograd function can use its weight directly."""

from typing import TypeGuard

from torch import nn

from thoughtrank.finetuning.distributed.sharded_parameters import is_zero3_partitioned


def is_plain_linear(module: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether ``module`` is one whole matrix: no bias, no adapter, not quantized, not partitioned by ZeRO-3."""
    return _is_matrix(module) and not is_zero3_partitioned(module.weight)


def is_partitioned_linear(module: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether ``module`` would be one whole matrix if ZeRO-3 did not partition it."""
    return _is_matrix(module) and is_zero3_partitioned(module.weight)


def _is_matrix(module: nn.Module) -> TypeGuard[nn.Linear]:
    return type(module) is nn.Linear and module.bias is None and type(module.weight) is nn.Parameter
