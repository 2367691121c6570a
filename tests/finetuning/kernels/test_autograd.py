import torch

from thoughtrank.finetuning.kernels.autograd import compute_dtype


def test_matmuls_compute_in_the_dtype_of_autocast_where_it_is_enabled():
    tensor = torch.zeros(2)
    assert compute_dtype(tensor) == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert compute_dtype(tensor) == torch.bfloat16
        with torch.autocast("cpu", enabled=False):
            assert compute_dtype(tensor) == torch.float32
