"""Joined linear layers compute what the layers compute one by one."""

import pytest
import torch
from torch import nn
from torch.nn.functional import silu

from thoughtrank.engines.decoding.packed_linear import PackedLinear, can_pack

DTYPES = (torch.float32, torch.bfloat16)


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


def is_packed(dtype):
    return can_pack(dtype, torch.device("cpu"))


def layers(dtype, *outputs, bias=True):
    torch.manual_seed(0)
    return [nn.Linear(32, width, bias=bias).to(dtype) for width in outputs]


@pytest.mark.parametrize("bias", [True, False])
def test_the_joined_output_is_the_outputs_side_by_side(dtype, bias):
    parts, inputs = layers(dtype, 16, 8, 8, bias=bias), torch.randn(5, 32).to(dtype)
    with torch.inference_mode():
        expected = torch.cat([part(inputs) for part in parts], dim=-1)
        torch.testing.assert_close(PackedLinear(*parts, packed=is_packed(dtype))(inputs), expected)


def test_fused_operations_equal_separate_ones(dtype):
    [part], inputs, other = layers(dtype, 16), torch.randn(5, 32).to(dtype), torch.randn(5, 16).to(dtype)
    with torch.inference_mode():
        output = part(inputs)
        packed = PackedLinear(part, packed=is_packed(dtype))
        close = {"rtol": 2e-2, "atol": 2e-2} if dtype == torch.bfloat16 else {}
        torch.testing.assert_close(packed.silu(inputs), silu(output), **close)
        torch.testing.assert_close(packed.mul(inputs, other), output * other, **close)
        torch.testing.assert_close(packed.add(inputs, other), output + other, **close)


def test_weights_are_released_unless_they_are_kept():
    [released], [kept] = layers(torch.float32, 16), layers(torch.float32, 16)
    PackedLinear(released, packed=False)
    PackedLinear(kept, packed=False, keep_weights=True)
    assert released.weight.numel() == 0
    assert kept.weight.shape == (16, 32)


def test_layers_with_and_without_a_bias_cannot_be_joined():
    with pytest.raises(ValueError, match="bias"):
        PackedLinear(nn.Linear(4, 4), nn.Linear(4, 4, bias=False), packed=False)


def test_x86_processors_pack_float32_and_those_with_avx_512_bfloat16(monkeypatch):
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: True)
    monkeypatch.setattr("platform.machine", lambda: "AMD64")
    monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: True)
    cpu = torch.device("cpu")
    assert [can_pack(dtype, cpu) for dtype in DTYPES] == [True, True]
    assert [can_pack(dtype, torch.device("cuda")) for dtype in DTYPES] == [False, False]
    monkeypatch.setattr("torch.ops.mkldnn._is_mkldnn_bf16_supported", lambda: False)
    assert [can_pack(dtype, cpu) for dtype in DTYPES] == [True, False]
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert [can_pack(dtype, cpu) for dtype in DTYPES] == [False, False]
