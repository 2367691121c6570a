import torch
from optimizer_steps import built

from thoughtrank.finetuning.optimizers.adafactor import Adafactor


def test_a_matrix_has_one_number_per_row_and_column_and_a_vector_one_per_value():
    shapes = {"matrix": (30, 40), "bias": (5,), "scalar": ()}
    state = Adafactor(lr=1e-3).state_bytes(shapes, weights="fp32_master", embeddings=frozenset())
    assert state == 4 * (30 + 40 + 5 + 1)


def test_a_step_moves_a_matrix_by_at_most_lr_times_its_root_mean_square():
    torch.manual_seed(0)
    linear = torch.nn.Linear(20, 30, bias=False)
    before = linear.weight.detach().clone()
    optimizer = built(linear, Adafactor, lr=0.01, weight_decay=0.0)["optimizer"]
    linear.weight.grad = 100 * torch.randn_like(linear.weight)
    optimizer.step()
    moved = (linear.weight.detach() - before).square().mean().sqrt()
    assert 0.001 < moved / before.square().mean().sqrt() <= 0.0101
