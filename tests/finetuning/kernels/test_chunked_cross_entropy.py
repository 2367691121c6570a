import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from thoughtrank.finetuning.kernels import chunked_cross_entropy as chunked
from thoughtrank.finetuning.kernels.chunked_cross_entropy import LOGIT_BYTES, MATMUL_BYTES, chunked_cross_entropy


def in_chunks(monkeypatch, size, *, dtype=torch.float32):
    """Compute the loss of ``size`` targets of 50 logits at once."""
    monkeypatch.setitem(LOGIT_BYTES, "cpu", size * 4 * 50)
    monkeypatch.setitem(MATMUL_BYTES, "cpu", size * dtype.itemsize * 50)


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
@pytest.mark.parametrize("bias", [False, True], ids=["a whole matrix", "any other output layer"])
def test_chunks_have_exact_loss_and_gradients_and_no_chunk_is_larger(chunk, bias, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=bias), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    in_chunks(monkeypatch, chunk)
    sizes = []
    original = torch.Tensor.float

    def watched(tensor):
        sizes.append(tensor.numel())
        return original(tensor)

    def gradients(loss):
        (2 * loss).backward()
        taken = [hidden.grad, *(parameter.grad for parameter in head.parameters())]
        hidden.grad = None
        head.zero_grad()
        return loss.detach(), *taken

    expected = gradients(nn.functional.cross_entropy(head(hidden), targets))
    monkeypatch.setattr(torch.Tensor, "float", watched)
    found = gradients(chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets))
    assert max(sizes) == min(chunk, 23) * 50
    torch.testing.assert_close(found, expected)


def test_frozen_inputs_give_the_loss_without_gradients():
    head, hidden, targets = nn.Linear(8, 50, bias=False), torch.randn(5, 8), torch.arange(5)
    head.requires_grad_(False)
    loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
    assert not loss.requires_grad
    torch.testing.assert_close(loss, nn.functional.cross_entropy(head(hidden), targets))


@pytest.mark.parametrize("chunk", [3, 100])
def test_a_frozen_output_layer_gets_no_gradient_and_none_is_computed(chunk, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=False), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    head.requires_grad_(False)
    in_chunks(monkeypatch, chunk)
    monkeypatch.setattr(chunked, "_add_weight_gradient", lambda *tensors: pytest.fail("computed in vain"))
    (3 * chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)).backward()
    [expected] = torch.autograd.grad(3 * nn.functional.cross_entropy(head(hidden), targets), hidden)
    torch.testing.assert_close(hidden.grad, expected)


@pytest.mark.parametrize("partitioned", [False, True])
def test_no_gradient_is_computed_where_autograd_is_off(partitioned, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=False), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    expected = nn.functional.cross_entropy(head(hidden), targets).detach()
    if partitioned:
        head.weight.ds_id, head.weight.ds_shape = 0, (50, 8)
    in_chunks(monkeypatch, 7)
    for name in ("_add_weight_gradient", "_logit_gradient"):
        monkeypatch.setattr(chunked, name, lambda *tensors: pytest.fail("computed in vain"))
    with torch.no_grad():
        loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_larger_matmuls_give_the_same_loss_and_gradients(dtype, monkeypatch):
    torch.manual_seed(0)
    head, targets = nn.Linear(8, 50, bias=False, dtype=dtype), torch.arange(23)
    hidden = torch.randn(23, 8, dtype=dtype, requires_grad=True)
    monkeypatch.setitem(LOGIT_BYTES, "cpu", 3 * 4 * 50)
    found = []
    for size in (3, 7, 100):
        monkeypatch.setitem(MATMUL_BYTES, "cpu", size * dtype.itemsize * 50)
        loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
        found.append((loss.detach(), *torch.autograd.grad(loss, (hidden, head.weight))))
    tolerances = {"rtol": 0.05, "atol": 1e-3} if dtype == torch.bfloat16 else {}
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], **tolerances)


def test_the_weight_gradient_of_many_chunks_is_as_exact_as_that_of_one(monkeypatch):
    torch.manual_seed(0)
    head, hidden = nn.Linear(8, 50, bias=False, dtype=torch.bfloat16), torch.randn(400, 8, dtype=torch.bfloat16)
    targets = torch.arange(400) % 7
    wide = nn.Linear(8, 50, bias=False)
    wide.load_state_dict(head.state_dict())
    nn.functional.cross_entropy(wide(hidden.float()), targets).backward()
    errors = []
    for chunk in (1, 400):
        in_chunks(monkeypatch, chunk)
        loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
        [gradient] = torch.autograd.grad(loss, head.weight)
        errors.append(float((gradient.float() - wide.weight.grad).norm() / wide.weight.grad.norm()))
    assert errors[0] < 1.2 * errors[1] + 0.002


@pytest.mark.parametrize("calls", ["works", "fails"])
def test_the_kernel_of_the_loss_is_used_where_it_can_be_compiled(calls, monkeypatch, capsys):
    def kernel(logits, target_ids, *, losses, scale):
        if calls == "fails":
            raise RuntimeError("no C compiler")

    module = ModuleType("triton_cross_entropy")
    module.cross_entropy_in_place = kernel
    monkeypatch.setitem(sys.modules, "thoughtrank.finetuning.kernels.triton_cross_entropy", module)
    monkeypatch.setattr(torch, "zeros", lambda *shape, device, **how: torch.ones(shape, device="meta", **how))
    chunked.compiles_triton.cache_clear()
    assert chunked.fused_cross_entropy(torch.device("cuda")) is (kernel if calls == "works" else None)
    assert ("no C compiler" in capsys.readouterr().out) == (calls == "fails")
    assert chunked.fused_cross_entropy(torch.device("cpu")) is None
    chunked.compiles_triton.cache_clear()


@pytest.mark.parametrize("bias", [False, True])
def test_under_autocast_the_loss_is_float32_and_near_the_exact_one(bias):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=bias), torch.randn(5, 8), torch.arange(5)
    exact = nn.functional.cross_entropy(head(hidden), targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact, rtol=0.02, atol=0)


def test_a_partitioned_output_layer_is_called_once_for_all_chunks(monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=False), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    expected = nn.functional.cross_entropy(head(hidden), targets)
    expected = expected.detach(), *torch.autograd.grad(expected, (hidden, head.weight))
    gathered = []
    head.weight.ds_id, head.weight.ds_shape = 0, (50, 8)
    head.register_forward_pre_hook(lambda *call: gathered.append(call))
    in_chunks(monkeypatch, 3)
    loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets)
    torch.testing.assert_close((loss.detach(), *torch.autograd.grad(loss, (hidden, head.weight))), expected)
    assert len(gathered) == 1
    assert head(hidden).shape == (23, 50)


@pytest.mark.parametrize("chunk", [1, 7, 100])
@pytest.mark.parametrize("bias", [False, True], ids=["a whole matrix", "any other output layer"])
def test_weights_multiply_the_losses_of_their_targets(chunk, bias, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=bias), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    weights = torch.rand(23) + 0.1
    in_chunks(monkeypatch, chunk)

    def gradients(loss):
        (2 * loss).backward()
        taken = [hidden.grad, *(parameter.grad for parameter in head.parameters())]
        hidden.grad = None
        head.zero_grad()
        return loss.detach(), *taken

    single = nn.functional.cross_entropy(head(hidden), targets, reduction="none")
    expected = gradients((weights * single).sum() / 23)
    found = gradients(chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets, target_weights=weights))
    torch.testing.assert_close(found, expected)
    if not bias:
        head.weight.ds_id, head.weight.ds_shape = 0, (50, 8)
        found = gradients(chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets, target_weights=weights))
        torch.testing.assert_close(found, expected)


def test_weights_also_multiply_what_a_kernel_has_computed(monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 50, bias=False), torch.randn(23, 8, requires_grad=True), torch.arange(23)
    weights = torch.rand(23) + 0.1
    calls = []

    def kernel(logits, target_ids, *, losses, scale):
        calls.append(scale)
        losses.copy_(nn.functional.cross_entropy(logits, target_ids, reduction="none"))
        logits.copy_((logits.softmax(-1) - nn.functional.one_hot(target_ids, 50)) * scale)

    single = nn.functional.cross_entropy(head(hidden), targets, reduction="none")
    expected = (weights * single).sum() / 23
    expected = expected.detach(), *torch.autograd.grad(expected, (hidden, head.weight))
    monkeypatch.setattr(chunked, "fused_cross_entropy", lambda device: kernel)
    loss = chunked_cross_entropy(hidden=hidden, head=head, target_ids=targets, target_weights=weights)
    torch.testing.assert_close((loss.detach(), *torch.autograd.grad(loss, (hidden, head.weight))), expected)
    assert calls
