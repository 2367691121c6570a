"""The kernel in Triton's interpreter, which needs the package but no GPU."""

from triton_interpreter import needs_triton, run_interpreted

_PROGRAM = """
import torch
from thoughtrank.finetuning.kernels import triton_cross_entropy as kernel
kernel._MAX_BLOCK = 16
torch.manual_seed(0)
for dtype, tolerance in ((torch.float32, 1e-6), (torch.bfloat16, 1e-3)):
    logits = (4 * torch.randn(5, 50)).to(dtype)
    targets, exact = torch.tensor([3, 49, 0, 17, 20]), logits.float().requires_grad_()
    expected = torch.nn.functional.cross_entropy(exact, targets, reduction="none")
    (0.2 * expected.sum()).backward()
    losses = torch.zeros(5)
    kernel.cross_entropy_in_place(logits, targets, losses=losses, scale=0.2)
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits.float(), exact.grad, rtol=0, atol=tolerance)
"""


@needs_triton
def test_losses_and_gradients_are_exact():
    run_interpreted(_PROGRAM)
