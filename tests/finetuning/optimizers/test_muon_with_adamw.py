import copy

import pytest
import torch

from thoughtrank.finetuning.optimizers.muon_with_adamw import MuonWithAdamW

SETTINGS = {"lr": 0.1, "momentum": 0.95, "betas": (0.9, 0.95), "eps": 1e-8}


def group(*parameters):
    return [{"params": list(parameters), "weight_decay": 0.0}]


def parameters():
    torch.manual_seed(0)
    return torch.nn.Parameter(torch.randn(6, 10)), torch.nn.Parameter(torch.randn(5))


def steps(optimizer, parameters, numbers):
    for number in numbers:
        generator = torch.Generator().manual_seed(number)
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()


def test_the_update_of_a_hidden_matrix_is_orthogonal_and_as_large_as_adamw_s():
    matrix, _ = parameters()
    before = matrix.detach().clone()
    steps(MuonWithAdamW(hidden=group(matrix), rest=[], **SETTINGS), [matrix], [0])
    update = (before - matrix.detach()) / SETTINGS["lr"]
    # U V^T times 0.2 * sqrt(max(rows, columns)); the Newton-Schulz iteration leaves singular values near 1.
    values = torch.linalg.svdvals(update / (0.2 * 10**0.5))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_the_rest_is_stepped_by_adamw():
    matrix, vector = parameters()
    same = torch.nn.Parameter(vector.detach().clone())
    optimizer = MuonWithAdamW(hidden=group(matrix), rest=group(vector), **SETTINGS)
    adamw = torch.optim.AdamW(group(same), lr=0.1, betas=(0.9, 0.95), eps=1e-8)
    for _ in range(3):
        matrix.grad, vector.grad = torch.randn_like(matrix), torch.randn_like(vector)
        same.grad = vector.grad.clone()
        optimizer.step()
        adamw.step()
    torch.testing.assert_close(vector, same)


def test_a_scheduler_changes_the_rate_of_both():
    matrix, vector = parameters()
    optimizer = MuonWithAdamW(hidden=group(matrix), rest=group(vector), **SETTINGS)
    before = matrix.detach().clone(), vector.detach().clone()
    for each in optimizer.param_groups:
        each["lr"] = 0.0
    steps(optimizer, [matrix, vector], [0])
    assert torch.equal(matrix, before[0])
    assert torch.equal(vector, before[1])


def test_one_state_dict_holds_the_state_of_both():
    whole, half = parameters(), parameters()
    optimizer = MuonWithAdamW(hidden=group(whole[0]), rest=group(whole[1]), **SETTINGS)
    steps(optimizer, whole, range(4))
    first = MuonWithAdamW(hidden=group(half[0]), rest=group(half[1]), **SETTINGS)
    steps(first, half, range(2))
    resumed = MuonWithAdamW(hidden=group(half[0]), rest=group(half[1]), **SETTINGS)
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    steps(resumed, half, range(2, 4))
    assert all(torch.equal(*pair) for pair in zip(whole, half, strict=True))


@pytest.mark.parametrize("missing", ["hidden", "rest"])
def test_either_kind_may_be_missing(missing):
    matrix, vector = parameters()
    before = {"hidden": matrix.detach().clone(), "rest": vector.detach().clone()}
    groups = {"hidden": group(matrix), "rest": group(vector)} | {missing: []}
    steps(MuonWithAdamW(**groups, **SETTINGS), [matrix, vector], [0])
    assert torch.equal(matrix, before["hidden"]) == (missing == "hidden")
    assert torch.equal(vector, before["rest"]) == (missing == "rest")
