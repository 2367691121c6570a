import pytest
import torch

from thoughtrank.finetuning.optimizers import kahan_adamw
from thoughtrank.finetuning.optimizers.kahan_adamw import KahanAdamW


def after_steps(kind, dtype, *, steps=200, lr=1e-4, weight_decay=0.0, gradient=1.0, **settings):
    """The mean of weights that begin at 1, after steps with a constant gradient."""
    weight = torch.nn.Parameter(torch.ones(8, dtype=dtype))
    optimizer = kind(
        [{"params": [weight], "weight_decay": weight_decay}], lr=lr, betas=(0.9, 0.95), eps=1e-8, **settings
    )
    for _ in range(steps):
        weight.grad = torch.full_like(weight, gradient)
        optimizer.step()
    return weight.detach().float().mean().item()


@pytest.mark.parametrize("case", [{}, {"gradient": 0.0, "weight_decay": 1.0}], ids=["updates", "weight decay"])
def test_small_changes_that_bf16_rounds_away_are_kept(case):
    exact = after_steps(torch.optim.AdamW, torch.float32, **case)
    assert exact == pytest.approx(0.98, abs=1e-3)
    assert after_steps(torch.optim.AdamW, torch.bfloat16, **case) == 1.0
    assert after_steps(KahanAdamW, torch.bfloat16, **case) == pytest.approx(exact, abs=0.004)


@pytest.mark.parametrize("works", [True, False])
def test_the_librarys_kernel_is_used_where_triton_works(works, monkeypatch):
    monkeypatch.setattr("optimi.optimizer.HAS_TRITON", True)
    monkeypatch.setattr(kahan_adamw, "compiles_triton", lambda device: works)
    group = {"params": [torch.nn.Parameter(torch.zeros(2))], "weight_decay": 0.0}
    optimizer = KahanAdamW([group], lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    assert optimizer.param_groups[0]["triton"] == works


def test_weights_without_gradient_do_not_decay():
    used, unused = (torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16)) for _ in range(2))
    groups = [{"params": [used, unused], "weight_decay": 1.0}]
    optimizer = KahanAdamW(groups, lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    for _ in range(3):
        used.grad = torch.zeros_like(used)
        optimizer.step()
    assert used.detach().float().max() < 1
    assert torch.equal(unused.detach(), torch.ones(4, dtype=torch.bfloat16))
