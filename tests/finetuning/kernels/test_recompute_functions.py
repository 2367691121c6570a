import pytest
import torch
from torch import nn

from thoughtrank.finetuning.kernels.recompute_functions import RecomputeNormMLP, RecomputeRMSNorm

EPSILON = 1e-5


def random(*shape):
    return torch.randn(*shape, requires_grad=True)


def rms_norm(states, weight):
    return nn.functional.rms_norm(states, weight.shape, weight, EPSILON)


def swiglu(states, norm, gate, up, down):
    x = rms_norm(states, norm)
    return (nn.functional.silu(x @ gate.T) * (x @ up.T)) @ down.T


def norm_inputs():
    return random(2, 3, 8), random(8)


def mlp_inputs():
    return random(2, 3, 8), random(8), random(12, 8), random(12, 8), random(8, 12)


CASES = pytest.mark.parametrize(
    ("function", "reference", "inputs"),
    [(RecomputeRMSNorm, rms_norm, norm_inputs), (RecomputeNormMLP, swiglu, mlp_inputs)],
    ids=["norm", "norm and MLP"],
)


@CASES
def test_output_and_gradients_equal_the_formula(function, reference, inputs):
    torch.manual_seed(0)
    tensors = inputs()
    output, expected = function.apply(*tensors, EPSILON, torch.float32), reference(*tensors)
    torch.testing.assert_close(output, expected)
    factor = torch.randn_like(output)
    torch.testing.assert_close(
        torch.autograd.grad((output * factor).sum(), tensors), torch.autograd.grad((expected * factor).sum(), tensors)
    )


@CASES
def test_the_output_has_the_dtype_asked_for_and_gradients_those_of_their_tensors(function, reference, inputs):
    tensors = inputs()
    output = function.apply(*tensors, EPSILON, torch.bfloat16)
    assert output.dtype == torch.bfloat16
    assert {each.dtype for each in torch.autograd.grad(output.float().sum(), tensors)} == {torch.float32}


def test_frozen_weights_get_no_gradient():
    states, norm, gate, up, down = mlp_inputs()
    for frozen in (norm, gate, down):
        frozen.requires_grad_(False)
    RecomputeNormMLP.apply(states, norm, gate, up, down, EPSILON, torch.float32).sum().backward()
    assert [each.grad is not None for each in (states, norm, gate, up, down)] == [True, False, False, True, False]
