"""RMSNorm, and RMSNorm with SwiGLU MLP, as autograd functions that recompute activations in the backward pass.

Shapes: D hidden size, I intermediate size; tokens in any number of leading dimensions.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from thoughtrank.finetuning.kernels.autograd import AutogradContext


class RecomputeRMSNorm(torch.autograd.Function):
    """RMSNorm (arXiv 1910.07467): weight * x / sqrt(mean(x^2) + epsilon). Saves its input and one number per token."""

    @staticmethod
    def forward(context: AutogradContext, states: Tensor, weight: Tensor, epsilon: float, dtype: torch.dtype) -> Tensor:
        """States [.., D], weight [D]; returns [.., D] in ``dtype``."""
        wide = states.float()
        scale = _inverse_rms(wide, epsilon)
        context.save_for_backward(states, weight, scale)
        return (weight * (wide * scale).to(states.dtype)).to(dtype)

    @staticmethod
    @once_differentiable
    def backward(context: AutogradContext, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of states and weight."""
        states, weight, scale = context.saved_tensors
        states_gradient, weight_gradient = _norm_gradients(gradient.float(), states.float() * scale, weight, scale)
        return states_gradient.to(states.dtype), weight_gradient, None, None


class _MLPContext(AutogradContext):
    epsilon: float
    dtype: torch.dtype


class RecomputeNormMLP(torch.autograd.Function):
    """SwiGLU (arXiv 2002.05202) of the normalized states: down(silu(gate(x)) * up(x)), x = RMSNorm(states).

    Saves only the states. The two inner matmuls run again in the backward pass, a sixth of the matmuls of a layer's step.
    """

    @staticmethod
    def forward(
        context: _MLPContext,
        states: Tensor,
        norm: Tensor,
        gate: Tensor,
        up: Tensor,
        down: Tensor,
        epsilon: float,
        dtype: torch.dtype,
    ) -> Tensor:
        """States [.., D], norm [D], gate and up [I, D], down [D, I]; returns [.., D] in ``dtype``."""
        context.save_for_backward(states, norm, gate, up, down)
        context.epsilon, context.dtype = epsilon, dtype
        with torch.autocast(states.device.type, enabled=False):
            wide = states.float()
            x = (norm * (wide * _inverse_rms(wide, epsilon)).to(states.dtype)).to(dtype).flatten(0, -2)
            gate_output, up_output = x @ gate.to(dtype).T, x @ up.to(dtype).T
            return (nn.functional.silu(gate_output).mul_(up_output) @ down.to(dtype).T).view(states.shape)

    @staticmethod
    @once_differentiable
    def backward(context: _MLPContext, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of states, norm, gate, up and down."""
        states, norm, gate, up, down = context.saved_tensors
        needed, dtype = context.needs_input_grad, context.dtype
        wide = states.float().flatten(0, -2)
        scale = _inverse_rms(wide, context.epsilon)
        normalized = wide * scale
        x = (norm * normalized.to(states.dtype)).to(dtype)
        gate_copy, up_copy = gate.to(dtype), up.to(dtype)
        gate_output, up_output = x @ gate_copy.T, x @ up_copy.T
        output_gradient = gradient.to(dtype).flatten(0, -2)
        activated = nn.functional.silu(gate_output)
        down_gradient = _weight_gradient(output_gradient, activated * up_output, down) if needed[4] else None
        # The operations in place reuse tensors of the intermediate size, which dominate memory here.
        inner_gradient = output_gradient @ down.to(dtype)
        up_output_gradient = activated.mul_(inner_gradient)
        gate_output_gradient = torch.ops.aten.silu_backward(inner_gradient.mul_(up_output), gate_output)
        x_gradient = (gate_output_gradient @ gate_copy).addmm_(up_output_gradient, up_copy)
        states_gradient, norm_gradient = _norm_gradients(x_gradient.float(), normalized, norm, scale)
        return (
            states_gradient.view(states.shape).to(states.dtype),
            norm_gradient if needed[1] else None,
            _weight_gradient(gate_output_gradient, x, gate) if needed[2] else None,
            _weight_gradient(up_output_gradient, x, up) if needed[3] else None,
            down_gradient,
            None,
            None,
        )


def _inverse_rms(states: Tensor, epsilon: float) -> Tensor:
    """One over the root mean square of float32 states [.., D]: [.., 1]."""
    return torch.rsqrt(states.square().mean(-1, keepdim=True).add_(epsilon))


def _norm_gradients(gradient: Tensor, normalized: Tensor, weight: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of an RMSNorm's states [.., D] and weight [D], from the gradient of its output.

    With n = x * scale: dx = scale * (g * w - n * mean(g * w * n)) and dw = sum over tokens of g * n. All tensors but the
    weight are float32.
    """
    weight_gradient = (gradient * normalized).flatten(0, -2).sum(0).to(weight.dtype)
    gradient = gradient * weight
    projection = (gradient * normalized).mean(-1, keepdim=True)
    return torch.addcmul(gradient, normalized, projection, value=-1).mul_(scale), weight_gradient


def _weight_gradient(output_gradient: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    return (output_gradient.T @ states).to(weight.dtype)
