import copy

import torch
from optimizer_steps import Block, built

from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.muon import Muon


def test_muon_steps_hidden_matrices_and_adamw_everything_else():
    torch.manual_seed(0)
    block = Block()
    other = copy.deepcopy(block)
    muon, adamw = (built(each, kind)["optimizer"] for each, kind in ((block, Muon), (other, AdamW)))
    for one, same in zip(block.parameters(), other.parameters(), strict=True):
        one.grad = torch.randn_like(one)
        same.grad = one.grad.clone()
    before = block.linear.weight.detach().clone()
    muon.step()
    adamw.step()
    for name, parameter in block.named_parameters():
        assert torch.equal(parameter, other.get_parameter(name)) == (name != "linear.weight")
    moved = (block.linear.weight.detach() - before * 0.95) / -0.1
    # An orthogonal matrix times 0.2 * sqrt(4): its singular values agree, those of AdamW's step do not.
    values = torch.linalg.svdvals(moved)
    assert values.max() / values.min() < 2


def test_a_hidden_matrix_has_one_average_and_every_other_weight_two():
    shapes = {"embedding": (10, 4), "hidden": (4, 4), "norm": (4,)}
    state = Muon(lr=1e-3).state_bytes(shapes, weights="bf16", embeddings=frozenset({"embedding"}))
    assert state == 2 * (2 * 40 + 16 + 2 * 4)
