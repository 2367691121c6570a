import pytest
import torch
from torch import nn

from thoughtrank.finetuning.kernels.plain_linear import is_plain_linear


class LinearWithAdapter(nn.Linear):
    """As an adapter library replaces a layer."""


def partitioned():
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.ds_id, layer.weight.ds_shape = 3, (2, 2)
    return layer


def test_a_whole_matrix_is_plain():
    assert is_plain_linear(nn.Linear(2, 2, bias=False))


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(2, 2), LinearWithAdapter(2, 2, bias=False), nn.Embedding(2, 2), partitioned()],
    ids=["bias", "adapter", "other module", "partitioned by ZeRO-3"],
)
def test_anything_else_is_not(layer):
    assert not is_plain_linear(layer)


def test_a_quantized_weight_is_not():
    layer = nn.Linear(2, 2, bias=False)
    layer.weight = type("Quantized", (nn.Parameter,), {})(torch.zeros(2, 2))
    assert not is_plain_linear(layer)
